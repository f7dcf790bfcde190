"""The command line: parse, call what a notebook would call, print."""

from autoloop.cli.main import main

__all__ = ["main"]
