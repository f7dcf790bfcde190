"""The books the library owns."""


class Catalog:
    """Titles with the number of copies."""

    def __init__(self):
        self._copies = {}

    def add(self, title, copies=1):
        """More copies of a title."""
        self._copies[title] = self._copies.get(title, 1) + copies

    def copies(self, title):
        """How many copies the library owns; 0 for an unknown title."""
        return self._copies.get(title, 0)

    def search(self, word):
        """Titles holding the word, in any case, sorted."""
        return sorted(title for title in self._copies if word.lower() in title.lower())
