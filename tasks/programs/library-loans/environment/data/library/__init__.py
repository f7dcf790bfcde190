"""A small lending library."""

from library.catalog import Catalog
from library.loans import Desk

__all__ = ["Catalog", "Desk"]
