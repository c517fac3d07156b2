"""The reproducible clinical study report of NCT04014166."""

__version__ = "0.3.0"
