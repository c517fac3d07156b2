"""Derivations that datasets of any trial share: frames in, frames out; what to derive is an argument."""
