from cart import goods, shipping, total


def test_goods():
    assert goods([(250, 2), (100, 3)]) == 800


def test_shipping_below():
    assert shipping(4999) == 490


def test_shipping_above():
    assert shipping(5001) == 0


def test_shipping_exactly():
    assert shipping(5000) == 0


def test_total():
    assert total([(2500, 2)]) == 5000
    assert total([(100, 1)]) == 590
