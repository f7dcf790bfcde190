"""What `allowed_hosts` opens, and what stays closed."""

import socket
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from autoloop.egress.policy import Policy
from autoloop.egress.refusal import RefusalError
from autoloop.errors import TaskError


def _refused(check: Callable[[], None]) -> bool:
    try:
        check()
    except RefusalError as refusal:
        return refusal.status == 403 and "allowed_hosts" in refusal.sentence
    return False


def _opens(policy: Policy, host: str) -> bool:
    return not _refused(lambda: policy.check_host(host))


def _may_lead(policy: Policy, name: str, address: str) -> bool:
    return not _refused(lambda: policy.check_resolved(name, ip_address(address)))


@pytest.mark.parametrize(
    ("host", "opened"),
    [
        ("pypi.example", True),
        ("a.pypi.example", False),
        ("pypi.example.evil", False),
        ("xpypi.example", False),
        ("a.cdn.example", True),
        ("a.b.cdn.example", True),
        ("cdn.example", False),
        ("badcdn.example", False),
    ],
)
def test_names_are_exact_or_below_a_star(host: str, *, opened: bool) -> None:
    policy = Policy.parse(["PyPI.example.", "*.cdn.example"])

    assert _opens(policy, host) is opened


@pytest.mark.parametrize(
    ("host", "opened"),
    [
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("198.51.100.200", True),
        ("2001:db8:1::9", True),
        ("2001:db8:2::9", False),
        ("::ffff:192.0.2.7", True),
        ("64:ff9b::c000:207", True),
    ],
)
def test_addresses_are_listed_as_such_or_by_range(host: str, *, opened: bool) -> None:
    policy = Policy.parse(["192.0.2.7", "198.51.100.0/24", "2001:db8:1::/48"])

    assert _opens(policy, host) is opened


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - nothing listens here
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "fd00:ec2::254",
    ],
)
def test_a_wide_range_does_not_open_this_machine_or_metadata(host: str) -> None:
    policy = Policy.parse(["0.0.0.0/0", "::/0"])

    assert _opens(policy, "192.0.2.1")
    assert _opens(policy, "2001:db8::1")
    assert not _opens(policy, host)


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8"])
def test_loopback_opens_when_it_is_what_is_listed(entry: str) -> None:
    assert _opens(Policy.parse([entry]), "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "address", "opened"),
    [
        ("mirror.example", "93.184.216.34", True),
        ("mirror.example", "10.1.2.3", True),
        ("mirror.example", "fd12::1", True),
        ("mirror.example", "127.0.0.1", False),
        ("mirror.example", "169.254.169.254", False),
        ("mirror.example", "::ffff:169.254.169.254", False),
        ("mirror.example", "168.63.129.16", False),
        ("a.cdn.example", "93.184.216.34", True),
        ("a.cdn.example", "10.1.2.3", False),
        ("a.cdn.example", "192.168.7.7", True),
        ("a.cdn.example", "64:ff9b::a01:203", False),
    ],
)
def test_names_lead_only_where_a_name_may_lead(name: str, address: str, *, opened: bool) -> None:
    policy = Policy.parse(["mirror.example", "*.cdn.example", "192.168.7.0/24"])

    assert _may_lead(policy, name, address) is opened


def test_an_own_address_of_this_machine_must_be_listed_by_itself() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("This machine has no network but loopback.")
        own = probe.getsockname()[0]

    assert not _may_lead(Policy.parse(["mirror.example", "0.0.0.0/0"]), "mirror.example", own)
    assert _may_lead(Policy.parse(["mirror.example", own]), "mirror.example", own)


@pytest.mark.parametrize(
    "entry", ["", "http://x.example", "x.example:80", "a.*.example", "*.", "*", "1.2.3.4/40"]
)
def test_what_is_no_host_is_named(entry: str) -> None:
    with pytest.raises(TaskError, match="allowed_hosts"):
        Policy.parse([entry])


def test_an_empty_list_opens_nothing() -> None:
    with pytest.raises(RefusalError, match="which are empty"):
        Policy.parse([]).check_host("a.example")


def test_a_refusal_lists_what_is_allowed_but_not_without_end() -> None:
    policy = Policy.parse([f"h{number}.example" for number in range(40)])

    with pytest.raises(RefusalError, match=r"h0\.example, .* and 28 more") as raised:
        policy.check_host("other.example")

    assert len(raised.value.answer()) < 1_000
