"""Arguments to functions to exit codes. Nothing heavy is imported before a command runs."""

from enbloc.cli.app import app, main

__all__ = ["app", "main"]
