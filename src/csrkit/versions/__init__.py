"""A published version: what it was made from, verified, compared, signed."""
