"""What rules say of addresses, and where addresses are read."""

from ipaddress import ip_address, ip_network
from pathlib import Path

from autoloop.sandbox.addresses import addresses_in, addresses_of_machine, nameservers_of
from autoloop.sandbox.rules import IPV4, IPV6, Closed

CLOSED = Closed(
    machine=frozenset(map(ip_address, ("192.0.2.2", "172.17.0.1", "2001:db8::2"))),
    bridge=(ip_network("172.17.0.0/16"), ip_network("2001:db8:1::/64")),
    own=(),
    nameservers=frozenset(map(ip_address, ("192.0.2.2", "198.51.100.53", "fd00:ec2::253"))),
)
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000002 04 40 00 80     eth0
"""


def test_rules_are_of_one_version_and_shut_machine_metadata_and_bridge() -> None:
    four, six = CLOSED.rules(IPV4), CLOSED.rules(IPV6)

    for shut in ("192.0.2.2/32", "172.17.0.0/16", "169.254.0.0/16", "198.18.0.0/15"):
        assert f"-A OUTPUT -d {shut} -j REJECT" in four
    for shut in ("2001:db8::2/128", "2001:db8:1::/64", "fe80::/10", "fd00:ec2::/32"):
        assert f"-A OUTPUT -d {shut} -j REJECT" in six
    assert "::" not in four
    assert "172." not in six


def test_of_what_is_shut_nameservers_may_be_asked_for_names_alone() -> None:
    four, six = CLOSED.rules(IPV4).splitlines(), CLOSED.rules(IPV6)

    asked = four.index("-A OUTPUT -d 192.0.2.2 -p udp --dport 53 -j ACCEPT")
    assert asked < four.index("-A OUTPUT -d 192.0.2.2/32 -j REJECT")
    assert "-A OUTPUT -d fd00:ec2::253 -p tcp --dport 53 -j ACCEPT" in six
    assert not any("198.51.100.53" in line for line in four)


def test_members_of_a_project_reach_each_other_but_not_the_first_address_of_others() -> None:
    member = Closed(
        machine=frozenset({ip_address("198.18.3.1")}),
        bridge=(),
        own=(ip_network("198.18.3.0/28"),),
        nameservers=frozenset(),
    )

    lines = member.rules(IPV4).splitlines()

    machine, own, others = (
        lines.index(f"-A OUTPUT -d {where} -j {what}")
        for where, what in (
            ("198.18.3.1/32", "REJECT"),
            ("198.18.3.0/28", "ACCEPT"),
            ("198.18.0.1/255.254.0.15", "REJECT"),
        )
    )
    assert machine < own < others
    assert not any("MULTICAST" in line for line in lines)


def test_nameservers_are_read_as_engines_write_them(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("nameserver 192.0.2.53\n nameserver fe80::1%eth0\nsearch a.b\n")
    (tmp_path / "two").write_text(
        "nameserver 127.0.0.11\n# ExtServers: [198.51.100.53 host(127.0.0.53)]\n"
    )

    found = nameservers_of([tmp_path / "one", tmp_path / "two", tmp_path / "none"])

    named = ("192.0.2.53", "fe80::1", "127.0.0.11", "198.51.100.53", "127.0.0.53")
    assert found == frozenset(map(ip_address, named))


def test_addresses_of_loopback_are_no_addresses_of_the_machine() -> None:
    assert addresses_in(IF_INET6) == {ip_address("fd00::2")}
    assert not any(address.is_loopback for address in addresses_of_machine())
