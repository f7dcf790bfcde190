from library import Catalog


def make():
    catalog = Catalog()
    catalog.add("Dune")
    catalog.add("Dune Messiah", 2)
    catalog.add("Emma", 3)
    return catalog


def test_copies_add_up():
    catalog = make()
    catalog.add("Dune", 4)
    assert catalog.copies("Dune") == 5
    assert catalog.copies("Dune Messiah") == 2
    assert catalog.copies("Ulysses") == 0


def test_one_copy_unless_said():
    assert make().copies("Dune") == 1


def test_search_in_any_case():
    assert make().search("dune") == ["Dune", "Dune Messiah"]
    assert make().search("EMM") == ["Emma"]
