"""Parameter files: read within bounds, validated, with all faults at once."""
