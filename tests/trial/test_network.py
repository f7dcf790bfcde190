"""What a container may reach, from phase to phase, without an engine."""

from pathlib import Path

import pytest

from autoloop.errors import EngineError
from autoloop.records import Network
from autoloop.trial.network import PROXY_ENV, Line
from autoloop.trial.plan import TrialPlan
from tests.trial.builders import NoEgress, PaperContainer, PaperSandbox, make_plan

PUBLIC, NONE = Network(), Network(mode="none")
LISTED = Network(mode="allowlist", hosts=("example.com",))
OTHERS = Network(mode="allowlist", hosts=("example.org",))


def plan_with(printed: str) -> tuple[TrialPlan, PaperSandbox, NoEgress]:
    """A plan whose forwarder prints this."""
    plan = make_plan(Path(), PaperContainer(printed=printed))
    assert isinstance(plan.sandbox, PaperSandbox)
    assert isinstance(plan.egress, NoEgress)
    return plan, plan.sandbox, plan.egress


def test_what_is_so_already_takes_no_call() -> None:
    plan, sandbox, _ = plan_with("listening\n")
    container = PaperContainer()

    with Line(plan, container, at_first=NONE) as line:
        line.use(NONE)

    assert not container.networks
    assert not sandbox.specs
    assert line.env == {}


def test_a_container_is_connected_and_cut_off_as_phases_want_it() -> None:
    plan, _, _ = plan_with("listening\n")
    container = PaperContainer()

    with Line(plan, container, at_first=NONE) as line:
        for network in (PUBLIC, PUBLIC, LISTED, NONE, PUBLIC):
            line.use(network)

    assert container.networks == ["public", "none", "public"]


def test_the_way_to_listed_hosts_is_kept_as_long_as_they_are_the_same() -> None:
    plan, sandbox, egress = plan_with("listening\n")

    with Line(plan, PaperContainer(), at_first=LISTED) as line:
        for network in (LISTED, LISTED, OTHERS):
            line.use(network)
        env = line.env

    assert env == PROXY_ENV
    assert egress.opened == [LISTED.hosts, (), OTHERS.hosts, ()]
    assert [spec.network for spec in sandbox.specs] == ["container:paper"] * 2
    assert all(spec.hardened for spec in sandbox.specs)


def test_commands_know_the_proxy_by_every_usual_name() -> None:
    assert PROXY_ENV["https_proxy"] == PROXY_ENV["HTTP_PROXY"] == "http://127.0.0.1:3128"
    assert PROXY_ENV["no_proxy"] == "localhost,127.0.0.1"


def test_a_way_that_cannot_be_opened_says_why() -> None:
    plan, _, egress = plan_with("Port 3128 is taken.\n")

    with (
        Line(plan, PaperContainer(), at_first=LISTED) as line,
        pytest.raises(EngineError, match="Port 3128 is taken"),
    ):
        line.use(LISTED)

    assert egress.opened == [LISTED.hosts, ()]
    assert line.env == {}
