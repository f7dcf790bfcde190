"""Prices of a shopping cart, in cents."""

FREE_FROM = 5000
SHIPPING = 490


def goods(items):
    """Price times quantity of all items."""
    return sum(price * quantity for price, quantity in items)


def shipping(amount):
    """Free from FREE_FROM on."""
    return 0 if amount > FREE_FROM else SHIPPING


def total(items):
    """What the customer pays."""
    amount = goods(items)
    return amount + shipping(amount)
