"""The suite that `autoloop redteam` plays, each attack once, several at a time."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from autoloop.app.project import Project
from autoloop.app.redteam import ground_of
from autoloop.errors import UserError
from autoloop.records import AttackRow
from autoloop.redteam import ATTACKS, Ground, play
from autoloop.redteam.attack import Attack, Place

Key = tuple[int, str, Place]
RowOf = Callable[[Key], AttackRow]
AT_ONCE = 6
PLAYS: dict[Key, Attack] = {
    (attack.number, attack.channel, place): attack for attack in ATTACKS for place in attack.places
}


def name_of(key: Key) -> str:
    """An attack in one place, in words."""
    return f"{key[0]}, {key[1]}, {key[2]}"


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    root = tmp_path_factory.mktemp("attacked")
    name = f"redteam-test-{os.getpid()}"
    try:
        with ground_of(Project(root=root), root / "runs" / name, workers=4) as ground:
            yield ground
    except UserError as error:
        if "CI" in os.environ:
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def row_of(ground: Ground, request: pytest.FixtureRequest) -> Iterator[RowOf]:
    """The row of an attack; all that are to be tested are on their way as the first is asked for.

    With several workers of pytest each plays what it is given.
    """
    ids = {item.name.partition("[")[2].rstrip("]") for item in request.session.items}
    wanted = [key for key in PLAYS if name_of(key) in ids]
    is_shared_out = "PYTEST_XDIST_WORKER" in os.environ
    futures: dict[Key, Future[AttackRow]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for key in () if is_shared_out else wanted:
            futures[key] = pool.submit(play, PLAYS[key], key[2], ground)

        def row(key: Key) -> AttackRow:
            if key not in futures or futures[key].cancel():
                return play(PLAYS[key], key[2], ground)
            return futures[key].result()

        yield row
        pool.shutdown(cancel_futures=True)
