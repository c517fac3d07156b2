"""The simulated trial, part by part; ``itpsim.simulate`` puts it together."""
