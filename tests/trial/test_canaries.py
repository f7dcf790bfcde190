"""Tokens that lie beside tests: where else one turns up, somebody has read them."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.records import Task
from autoloop.trial.canaries import Canaries
from tests.trial.builders import make_task

GUID = b"26b5c67b-86a9-4d2e-b2c4-0a7c1b3d9e55"


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """A task whose author put a canary into its tests."""
    made = make_task(tmp_path)
    for folder in made.steps[0].verifier.tests:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "check.py").write_bytes(b"# canary " + GUID)
    return replace(made, digest=str(tmp_path))


def seen(task: Task, written: dict[str, bytes]) -> list[tuple[str, str]]:
    canaries = Canaries(task)
    folder = task.folder / "trial"
    for name, data in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.replace(b"TOKEN", canaries.token.encode()))
    return [(found.severity, found.evidence) for found in canaries.sightings(folder)]


@pytest.mark.parametrize(
    "place", ["agent/trajectory.json", "artifacts/app/out", "steps/one/agent/notes.txt"]
)
def test_the_token_of_a_trial_where_an_agent_wrote_is_tampering(task: Task, place: str) -> None:
    (found,) = seen(task, {place: b"x" * 2_000_000 + b"TOKEN" + b"y"})

    assert found == ("tampered", f"The canary beside the tests stands in {place!r}.")


def test_a_token_across_two_pieces_of_a_file_is_found(task: Task) -> None:
    assert seen(task, {"agent/big": b"x" * (1024 * 1024 - 9) + b"TOKEN"})


def test_a_canary_of_the_author_is_suspicious(task: Task) -> None:
    ((severity, _),) = seen(task, {"agent/trajectory.json": b"I read " + GUID})

    assert severity == "suspicious"


def test_what_the_verifier_says_is_no_sighting(task: Task) -> None:
    assert seen(task, {"verifier/test-stdout.txt": b"TOKEN " + GUID}) == []


def test_a_canary_that_the_agent_is_shown_is_none(task: Task) -> None:
    told = replace(task.steps[0], instruction=f"canary {GUID.decode()}")

    assert seen(replace(task, steps=(told,)), {"agent/trajectory.json": GUID}) == []


def test_every_trial_has_a_token_of_its_own(task: Task) -> None:
    assert Canaries(task).token != Canaries(task).token
