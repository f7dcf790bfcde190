import pytest

from autoloop.tasks.hosts import allowed_host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("  A.b. ", "a.b"),
        ("localhost", "localhost"),
        ("*.X.org", "*.x.org"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4/32", "1.2.3.4/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("2001:DB8::/32", "2001:db8::/32"),
    ],
)
def test_a_host_gets_its_normal_form(text: str, host: str) -> None:
    assert allowed_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "*", "*.", "a*.b", "http://a.b", "a.b:80", "a.b/c", "10.0.0.1/8", "[::1]"),
        *("fe80::1%eth0", "fe80::%1/64", "a_b.c", "-a.b", "a-.b", "a..b", "ä.de", f"{'x' * 64}.de"),
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a host name, \*\.host"):
        allowed_host(text)


def test_a_star_is_for_names_only() -> None:
    with pytest.raises(ValueError, match=r"write an address without \*\."):
        allowed_host("*.1.2.3.4")
