"""The simulated trial, part by part; ``itpcsr.sdtm.simulate`` puts it together."""
