"""Planning of total en bloc spondylectomy. Research use only."""

__version__ = "0.1.0"
