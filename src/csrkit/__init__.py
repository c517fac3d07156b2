"""The engine of a clinical study report: it knows no trial, no disease and no arm."""

__version__ = "0.3.0"
