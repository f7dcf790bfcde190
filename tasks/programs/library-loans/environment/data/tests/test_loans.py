from datetime import date

import pytest

from library import Catalog, Desk

MAY_1 = date(2025, 5, 1)


@pytest.fixture
def desk():
    catalog = Catalog()
    catalog.add("Dune", 2)
    catalog.add("Emma")
    return Desk(catalog)


def test_available(desk):
    desk.lend("Ida", "Dune", MAY_1)
    assert desk.available("Dune") == 1
    assert desk.available("Emma") == 1


def test_no_copy_left(desk):
    assert desk.lend("Ida", "Emma", MAY_1)
    assert not desk.lend("Ben", "Emma", MAY_1)


def test_overdue(desk):
    desk.lend("Ida", "Dune", MAY_1)
    desk.lend("Ben", "Dune", date(2025, 5, 10))
    assert desk.overdue(date(2025, 5, 22)) == []
    assert desk.overdue(date(2025, 5, 23)) == ["Ida"]
    assert desk.overdue(date(2025, 6, 23)) == ["Ben", "Ida"]


def test_fee(desk):
    desk.lend("Ida", "Dune", MAY_1)
    assert desk.give_back("Ida", "Dune", date(2025, 5, 25)) == 60


def test_no_fee_in_time(desk):
    desk.lend("Ida", "Dune", MAY_1)
    assert desk.give_back("Ida", "Dune", date(2025, 5, 22)) == 0


def test_most_fee(desk):
    desk.lend("Ida", "Emma", MAY_1)
    assert desk.give_back("Ida", "Emma", date(2025, 12, 1)) == 500


def test_not_lent(desk):
    with pytest.raises(KeyError):
        desk.give_back("Ida", "Dune", MAY_1)
