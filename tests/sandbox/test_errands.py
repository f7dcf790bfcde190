"""Containers of our own that do one thing in some network."""

import os
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from docker.api.client import APIClient
from docker.types import IPAMConfig, IPAMPool

from autoloop.sandbox.addresses import addresses_of_machine
from autoloop.sandbox.container_way import ContainerYard, Surroundings
from autoloop.sandbox.creation import WITHOUT_HOST
from autoloop.sandbox.errands import Errand, Errands
from autoloop.sandbox.living import Living
from autoloop.sandbox.loading import LoadingError
from autoloop.sandbox.rules import IPV4
from tests.sandbox.conftest import BASE

pytestmark = pytest.mark.docker

LABELS = {"autoloop.test": f"errands-{os.getpid()}"}
POWERS = """
grep -E 'CapEff|NoNewPrivs' /proc/self/status
touch /here /etc/here 2>/dev/null || echo read-only
ls /sys/class/net
"""


@pytest.fixture
def errands(engine: APIClient) -> Iterator[Errands]:
    living = Living()
    yield Errands(engine, image=lambda: BASE, labels=LABELS, living=living)
    living.close()
    wanted = [f"{name}={value}" for name, value in LABELS.items()]
    assert engine.containers(all=True, filters={"label": wanted}) == []


@pytest.mark.parametrize(
    ("capabilities", "bits"), [((), "0000000000000000"), (("NET_ADMIN",), "0000000000001000")]
)
def test_one_has_the_power_that_it_is_given_and_none_besides(
    errands: Errands, capabilities: tuple[str, ...], bits: str
) -> None:
    errand = Errand(script=POWERS, network="none", capabilities=capabilities)

    assert errands.run(errand).split() == ["CapEff:", bits, "NoNewPrivs:", "1", "read-only", "lo"]


def test_one_that_fails_says_why_in_a_line(errands: Errands) -> None:
    script = "echo no such table >&2; echo nor chain. >&2; exit 3"

    with pytest.raises(LoadingError, match=r"^no such table nor chain$"):
        errands.run(Errand(script=script, network="none"))
    with pytest.raises(LoadingError, match=r"^the engine refused it: .*no-such-container"):
        errands.run(Errand(script=script, network="container:no-such-container"))


def test_of_an_engine_elsewhere_the_networks_that_come_later_are_known(
    engine: APIClient, errands: Errands
) -> None:
    far = ip_address("198.51.100.9")
    yard = ContainerYard(
        api=engine,
        errands=errands,
        surroundings=Surroundings(machine=frozenset({far}), nameservers=frozenset()),
        versions=(IPV4,),
        gap=None,
    )
    pool = IPAMPool(subnet="203.0.113.0/28", gateway="203.0.113.1")
    made = engine.create_network(
        "autoloop-test-errands",
        ipam=IPAMConfig(pool_configs=[pool]),
        options=WITHOUT_HOST,
        labels=LABELS,
    )
    try:
        later = ip_address("203.0.113.1")

        assert later not in addresses_of_machine()
        assert {far, later} <= yard.machine()
    finally:
        engine.remove_network(made["Id"])
