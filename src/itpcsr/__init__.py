"""The reproducible clinical study report of NCT04014166."""

from csrkit import __version__ as __version__
