"""Statistics: frames in, frames or result rows out; no file, no clock, no plot."""
