import pytest

from bank.reading import Entry, between, cents, read


def test_cents_of_plain_amounts():
    assert cents("12,34") == 1234
    assert cents("7") == 700
    assert cents("0,5") == 50


def test_cents_of_large_amounts():
    assert cents("1.234,50") == 123450


def test_cents_of_signed_amounts():
    assert cents("-950,00") == -95000
    assert cents("+3,10") == 310


def test_lines():
    assert read(["2025-03-01; Rent; -950,00"]) == [Entry("2025-03-01", "Rent", -95000)]


def test_blank_lines_and_comments():
    assert read(["", "# March", "2025-03-02;Tea;-3,20", "  "]) == [Entry("2025-03-02", "Tea", -320)]


def test_broken_line():
    with pytest.raises(ValueError):
        read(["2025-03-02;Tea"])


def test_both_days_are_included():
    entries = [Entry(f"2025-03-0{n}", "x", n) for n in range(1, 8)]
    assert [e.cents for e in between(entries, "2025-03-02", "2025-03-05")] == [2, 3, 4, 5]
