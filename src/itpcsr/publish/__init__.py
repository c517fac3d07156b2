"""Run notebooks, assemble the report, render it, publish a version."""
