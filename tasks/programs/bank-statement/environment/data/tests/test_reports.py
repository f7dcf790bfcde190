from bank.reading import Entry
from bank.reports import balance, by_month, largest, lowest, overdrawn

ENTRIES = [
    Entry("2025-03-01", "Rent", -95000),
    Entry("2025-03-03", "Wage", 240000),
    Entry("2025-03-20", "Shoes", -8900),
    Entry("2025-04-01", "Rent", -95000),
]


def test_balance():
    assert balance(ENTRIES) == 41100
    assert balance(ENTRIES, 1000) == 42100


def test_balance_of_nothing():
    assert balance([], 77) == 77


def test_by_month():
    assert by_month(ENTRIES) == {"2025-03": 136100, "2025-04": -95000}


def test_lowest():
    assert lowest(ENTRIES) == -95000
    assert lowest(ENTRIES, 100000) == 5000
    assert lowest([Entry("2025-03-01", "Gift", 500)], 20) == 20


def test_largest():
    assert [e.text for e in largest(ENTRIES, 2)] == ["Wage", "Rent"]
    assert len(largest(ENTRIES)) == 3


def test_overdrawn():
    assert overdrawn(ENTRIES, 94999)
    assert not overdrawn(ENTRIES, 95000)
    assert not overdrawn(ENTRIES, 0, 95000)
