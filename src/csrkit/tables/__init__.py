"""Tables and texts: their model, numbers as text, layout, and a writer for each format."""
