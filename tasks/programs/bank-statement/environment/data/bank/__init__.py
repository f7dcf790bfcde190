"""Reads bank statements and reports on them."""

VERSION = "2.0.2"
