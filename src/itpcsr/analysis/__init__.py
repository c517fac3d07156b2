"""Statistics by report section: frames in, result rows out."""
