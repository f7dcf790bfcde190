"""Lending and returning."""

from dataclasses import dataclass
from datetime import date, timedelta

PERIOD = timedelta(days=21)
FEE_PER_DAY = 20
MOST_FEE = 500


@dataclass
class Loan:
    """One copy lent to one reader."""

    reader: str
    title: str
    since: date
    due: date


class Desk:
    """Where books are lent and returned."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.loans = []

    def available(self, title):
        """Copies that are not lent."""
        lent = sum(loan.title == title for loan in self.loans)
        return self.catalog.copies(title) - lent

    def lend(self, reader, title, day):
        """Lend a copy; False when none is there."""
        if self.available(title) < 1:
            return False
        self.loans.append(Loan(reader, title, day, day + PERIOD))
        return True

    def overdue(self, day):
        """Readers with a loan past its due day, each once, sorted."""
        return sorted({loan.reader for loan in self.loans if loan.due < day})

    def give_back(self, reader, title, day):
        """Take a copy back; the fee in cents."""
        for loan in self.loans:
            if loan.reader == reader and loan.title == title:
                self.loans.remove(loan)
                late = max(0, (day - loan.due).days)
                return min(MOST_FEE, late * FEE_PER_DAY)
        raise KeyError(title)
