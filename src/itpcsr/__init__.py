"""The reproducible clinical study report of NCT04014166."""

__version__ = "0.2.0"
