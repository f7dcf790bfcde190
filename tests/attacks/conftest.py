"""The suite that `autoloop redteam` plays, each attack once, several at a time."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker.api.client import APIClient

from autoloop.app.project import Project
from autoloop.app.redteam import ground_of
from autoloop.records import AttackRow
from autoloop.redteam import ATTACKS, Ground, play
from autoloop.redteam.attack import Attack, Place, Raid
from autoloop.sandbox import DockerSandbox

Key = tuple[int, str, Place]
RowOf = Callable[[Key], AttackRow]
AT_ONCE = 6
ALL = "AUTOLOOP_ALL_ATTACKS"
"""Set in the environment, as by `make redteam`, it has every channel played in every place."""
EVERY_CHANNEL = (2, 10, 12, 13, 19, 24)
"""Attacks whose channels are all played in any case, where tests are fresh.

Those of 26 wait for floods to come to their end, which takes longer than all others together.
"""


def _chosen() -> Iterator[tuple[Key, Attack]]:
    """One channel of each attack in each place, so that the tests stay short; or all."""
    begun: set[tuple[int, Place]] = set()
    for attack in ATTACKS:
        for place in attack.places:
            is_first = (attack.number, place) not in begun
            begun.add((attack.number, place))
            in_any_case = attack.number in EVERY_CHANNEL and place == "fresh"
            if is_first or in_any_case or ALL in os.environ:
                yield (attack.number, attack.channel, place), attack


# Scenes take longest, so they begin first: no processor is idle while the last of them ends.
PLAYS: dict[Key, Attack] = dict(sorted(_chosen(), key=lambda one: isinstance(one[1].play, Raid)))


def name_of(key: Key) -> str:
    """An attack in one place, in words."""
    return f"{key[0]}, {key[1]}, {key[2]}"


@pytest.fixture(scope="session")
def ground(engine: APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    assert engine.ping()
    root = tmp_path_factory.mktemp("attacked")
    project = Project(root=root, overrides={"workers": 4})
    with ground_of(project, root / "runs" / f"redteam-test-{os.getpid()}") as ground:
        yield ground


@pytest.fixture(scope="session")
def open_side(ground: Ground) -> str | None:
    """What public networks reach beside the internet, if anything: then attacks on that gain."""
    with DockerSandbox(ground.folder, run="attacked") as sandbox:
        return sandbox.open_side()


@pytest.fixture(scope="session")
def row_of(ground: Ground, request: pytest.FixtureRequest) -> Iterator[RowOf]:
    """The row of an attack; all are on their way as the first is asked for."""
    ids = {item.name.partition("[")[2].rstrip("]") for item in request.session.items}
    wanted = [key for key in PLAYS if name_of(key) in ids]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {key: pool.submit(play, PLAYS[key], key[2], ground) for key in wanted}
        yield lambda key: futures[key].result()
        pool.shutdown(cancel_futures=True)
