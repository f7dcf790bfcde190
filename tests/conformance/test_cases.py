"""Every case gives what it must, on the real parts."""

from collections.abc import Iterator, Mapping

import pytest

from autoloop.records import StepResult, TrialResult
from tests.conformance.case import Case, Expect, StepEnd, by_harbor
from tests.conformance.cases import all_cases
from tests.conformance.running import Bench, End

pytestmark = pytest.mark.docker

QUIRKS = [by_harbor(case) for case in all_cases() if case.quirks is not None]
BROKEN = next(case for case in all_cases() if case.id == "health-never")


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_a_case_gives_what_it_must(bench: Bench, case: Case) -> None:
    end = bench.end(case)

    assert not list(mistakes(case.expect, end)), told(end)


@pytest.mark.parametrize("case", QUIRKS, ids=lambda case: case.id)
def test_a_case_gives_harbors_number_where_that_is_asked_for(bench: Bench, case: Case) -> None:
    end = bench.end(case)

    assert not list(mistakes(case.expect, end)), told(end)


@pytest.mark.parametrize("case", [BROKEN], ids=lambda case: case.id)
def test_the_files_of_a_trial_that_is_run_again_are_kept(bench: Bench, case: Case) -> None:
    first = bench.end(case)
    second = bench.again(case)

    assert first.folder != second.folder
    assert (first.folder / "exception.txt").read_text(encoding="utf-8")
    assert (second.folder / "exception.txt").read_text(encoding="utf-8")


def mistakes(expect: Expect, end: End) -> Iterator[str]:
    """Where the end is not what was expected, each in a line."""
    if expect.outcome is None:
        yield from _of_a_refusal(expect, end)
    elif end.result is None:
        yield "the task was refused"
    else:
        yield from _of_a_trial(expect, end.result)
        yield from _of_files(expect, end)
        yield from _of_notes(expect, end)


def _of_a_refusal(expect: Expect, end: End) -> Iterator[str]:
    if not end.problems:
        yield "the task was accepted"
        return
    told = " ".join(f"{entry.file} {entry.key} {entry.reason}" for entry in end.problems)
    yield from (f"{words!r} is not said" for words in expect.says if words not in told)


def _of_a_trial(expect: Expect, result: TrialResult) -> Iterator[str]:
    kind = result.failure.kind if result.failure else None
    message = result.failure.message if result.failure else ""
    if result.outcome is not expect.outcome:
        yield f"outcome {result.outcome} in place of {expect.outcome}"
    if result.outcome == "scored" and not same(result.rewards, expect.rewards):
        yield f"rewards {dict(result.rewards)} in place of {dict(expect.rewards)}"
    if not same({"": result.reward}, {"": expect.counted}):
        yield f"reward {result.reward} in place of {expect.counted}"
    if kind != expect.failure:
        yield f"failure {kind} in place of {expect.failure}"
    yield from (f"{words!r} is not said" for words in expect.says if words not in message)
    if expect.steps and [_end_of(step) for step in result.steps] != list(expect.steps):
        yield f"steps {[_end_of(step) for step in result.steps]} in place of {expect.steps}"


def _end_of(step: StepResult) -> StepEnd:
    kind = step.failure.kind if step.failure else None
    return StepEnd(rewards=dict(step.rewards), failure=kind)


def _of_files(expect: Expect, end: End) -> Iterator[str]:
    for name, words in expect.files.items():
        if not (end.folder / name).is_file():
            yield f"there is no file {name}"
        elif _bytes(words) not in (end.folder / name).read_bytes():
            yield f"{name} does not contain {words!r}"
    for name, words in expect.without.items():
        if (end.folder / name).exists() and _bytes(words) in (end.folder / name).read_bytes():
            yield f"{name} contains {words!r}"
    yield from (f"there is {name}" for name in expect.absent if (end.folder / name).exists())


def _of_notes(expect: Expect, end: End) -> Iterator[str]:
    notes = " ".join(end.task.notes) if end.task else ""
    yield from (f"{words!r} is not noted" for words in expect.notes if words not in notes)


def _bytes(words: str) -> bytes:
    return words.encode(errors="surrogateescape")


def same(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    """Whether these are the same rewards, but for rounding."""
    return dict(first) == pytest.approx(dict(second))


def told(end: End) -> str:
    """All that may help to see why."""
    if end.result is None:
        return str(end.problems)
    parts = [str(end.result)]
    for name in ("trial.log", "verifier/test-stdout.txt", "agent/oracle.txt"):
        if (end.folder / name).is_file():
            text = (end.folder / name).read_text(encoding="utf-8", errors="replace")
            parts.append(f"--- {name}\n{text[-2_000:]}")
    return "\n".join(parts)
