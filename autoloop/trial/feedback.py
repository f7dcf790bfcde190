"""What may be told of a verifier's output: chosen by name from the tests' own code.

A name that a verifier prints is told only where it stands in the test code of the task, which was
there before any agent ran, and without what looks like a value. So neither a failing assertion nor
a program that the tests run can say anything by it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from autoloop.records import CheckResult, Feedback, TrialResult

Level = Literal["score", "checks", "full"]
STDOUT = "test-stdout.txt"
CTRF = "ctrf.json"
READ_BYTES = 1_000_000
TAIL_CHARS = 4_000
LINE_CHARS = 1_000
"""Longer lines name no check, and could keep a pattern busy for long."""
CHECKS = 60
NAME_CHARS = 80
PASSED = 1.0 - 1e-9
CODE = frozenset({".py", ".sh", ".bash", ".bats", ".js", ".mjs", ".ts", ".rb", ".pl", ".go", ".rs"})
FAILED = frozenset({"failed", "error"})
_RESULT = re.compile(r"(\S+?\.py::[^\s\[]+)(?:\[.*\])? (PASSED|FAILED|ERROR)\b")
_SUMMARY = re.compile(r"(PASSED|FAILED|ERROR) (\S+?\.py::[^\s\[]+)")
_TAP = re.compile(r"(not )?ok\b(?: +\d+)?(?: +-)? +([^#]+)")
_DEFINED = re.compile(r"^\s*(?:async\s+)?(?:def|class)\s+([A-Za-z]\w*)", re.MULTILINE)
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9 _,.:'()/-]*")
_KEY = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_PIECE = re.compile(r"[A-Za-z0-9]+")
_PLAIN = re.compile(r"[A-Za-z]+\d{0,2}|\d{1,2}")


class _Test(BaseModel):
    name: str
    status: str


class _Results(BaseModel):
    tests: list[_Test] = []


class _Ctrf(BaseModel):
    results: _Results


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """What the test code of a step names."""

    defined: frozenset[str]
    """Functions and classes of Python tests."""
    text: str


def read_feedback(
    folder: Path, trial: TrialResult, *, tests: Mapping[str, Sequence[Path]], level: Level
) -> Feedback:
    """What may be told of a trial's verifier.

    Args:
        folder: The trial's folder.
        trial: Its record.
        tests: Folders of tests by step; the only step of an ordinary task has the empty name.
        level: `score`: nothing but the reward; `checks`: which checks passed; `full`: the end of
            what was printed, too.
    """
    if level == "score":
        return Feedback()
    found: list[CheckResult] = []
    outputs: list[str] = []
    for step, place, rewards in _places(folder, trial):
        printed = _read(place / STDOUT)
        prefix = f"{step}: " if step else ""
        code = _code(tests.get(step, ()))
        checks = _merged(_checks(place, printed, rewards, code=code))
        found += [CheckResult(name=f"{prefix}{name}", passed=ok) for name, ok in checks.items()]
        outputs.append(f"{prefix}{printed[-TAIL_CHARS:].strip()}")
    output = "\n".join(filter(None, [*outputs, _trouble(trial)])) if level == "full" else ""
    return Feedback(checks=tuple(found[:CHECKS]), output=output)


def _places(folder: Path, trial: TrialResult) -> Iterator[tuple[str, Path, Mapping[str, float]]]:
    """Where the verifier of each step wrote, and what it rewarded."""
    for step in trial.steps:
        yield step.name, folder / "steps" / step.name / "verifier", step.rewards
    if not trial.steps:
        yield "", folder / "verifier", trial.rewards


def _checks(
    place: Path, printed: str, rewards: Mapping[str, float], *, code: _Code
) -> Iterator[tuple[str, bool]]:
    """Every check that is known by name; a name may come more than once."""
    lines = [line for line in printed.splitlines() if len(line) <= LINE_CHARS]
    reported = list(_reported(_read(place / CTRF))) or [r for line in lines for r in _said(line)]
    for node, passed in reported:
        name = node.rpartition("::")[2].partition("[")[0]
        if name in code.defined:
            yield _plain(name), passed
    for found in filter(None, map(_TAP.match, lines)):
        text = found.group(2).strip()
        if _WORDS.fullmatch(text) and text in code.text:
            yield _plain(text), found.group(1) is None
    for key, value in rewards.items():
        if key != "reward" and _KEY.fullmatch(key) and key in code.text:
            yield _plain(key), value >= PASSED


def _said(line: str) -> Iterator[tuple[str, bool]]:
    """What a line of pytest says of a test."""
    result, summary = _RESULT.match(line), _SUMMARY.match(line)
    if result:
        yield result.group(1), result.group(2) == "PASSED"
    elif summary:
        yield summary.group(2), summary.group(1) == "PASSED"


def _reported(text: str) -> Iterator[tuple[str, bool]]:
    """Tests of a report in the Common Test Report Format; none where it is no such report."""
    try:
        report = _Ctrf.model_validate_json(text)
    except ValidationError:
        return
    for test in report.results.tests:
        if test.status == "passed" or test.status in FAILED:
            yield test.name, test.status == "passed"


def _merged(checks: Iterable[tuple[str, bool]]) -> dict[str, bool]:
    """Each name once; one with parameters passed when all of them did."""
    merged: dict[str, bool] = {}
    for name, passed in checks:
        merged[name] = merged.get(name, True) and passed
    return merged


def _plain(name: str) -> str:
    """The name with `#` for whatever in it may be a value."""
    hidden = _PIECE.sub(lambda m: m.group() if _PLAIN.fullmatch(m.group()) else "#", name)
    return hidden[:NAME_CHARS]


def _code(folders: Iterable[Path]) -> _Code:
    files = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in CODE and path.is_file() and not path.is_symlink()
    ]
    texts = [_read(path) for path in files]
    defined = frozenset(name for text in texts for name in _DEFINED.findall(text))
    return _Code(defined=defined, text="\n".join(texts))


def _read(path: Path) -> str:
    """A file's text as far as it is read; empty without a regular file."""
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - READ_BYTES))
        return file.read().decode("utf-8", "replace")


def _trouble(trial: TrialResult) -> str:
    """What went wrong with the verifier, as it was recorded."""
    failures = [step.failure for step in trial.steps] or [trial.failure]
    return "\n".join(f"{one.kind}: {one.message}" for one in failures if one is not None)
