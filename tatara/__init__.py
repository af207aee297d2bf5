"""Tatara: versioned data in, a served and traceable model out."""

__version__ = "0.1.0"
