"""Edits that change nothing."""

import ast
from pathlib import Path

import pytest

from autoloop.guards import TrainTask, standard_guards
from autoloop.meta import UnchangedProposer
from autoloop.testing.desk import DeskFake

ROOT = Path(__file__).parents[2]
AGENT = (ROOT / "agent.py").read_text(encoding="utf-8")
TRICKY = {
    "the default agent": AGENT,
    "nothing but a docstring": '"""Solves."""\n',
    "decorators": "import functools\n\n@functools.cache\n@print\ndef f():\n    pass\n",
    "a string that ends where a statement begins": 'x = """a\nb"""; y = 2\nz = """\n# c\n"""\n',
    "no line end": "x = 1",
    "other line ends": "x = 1\r\ny = 2\r\n",
    "a shebang and an encoding": "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nx = 1\n",
    "a form feed": "x = 1\n\x0cy = 2\n",
    "nothing": "",
}


def edited(source: str, step: int) -> str:
    proposal = UnchangedProposer().propose(DeskFake(source=source, step=step)).proposal
    assert proposal is not None
    return proposal.source


@pytest.mark.parametrize("source", TRICKY.values(), ids=TRICKY)
@pytest.mark.parametrize("step", [1, 2, 3, 17])
def test_an_edit_has_other_bytes_and_is_the_same_program(source: str, step: int) -> None:
    after = edited(source, step)

    assert after != source
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(source))


def test_every_step_has_an_edit_of_its_own_and_always_the_same() -> None:
    edits = {edited(AGENT, step) for step in range(1, 41)}

    assert len(edits) == 40
    assert edited(AGENT, 7) == edited(AGENT, 7)


def test_edits_on_top_of_kept_edits_are_new_too() -> None:
    source = AGENT
    seen = {source}
    for step in range(1, 30):
        source = edited(source, step)
        seen.add(source)

    assert len(seen) == 30
    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(AGENT))


def test_edits_of_neighbouring_steps_stand_in_different_places() -> None:
    first, second = (
        next(i for i, line in enumerate(edited(AGENT, step).splitlines()) if "Calibration" in line)
        for step in (1, 2)
    )

    assert first != second


def test_what_does_not_parse_is_changed_at_its_end() -> None:
    assert edited("def f(:\n", 1).startswith("def f(:\n# Calibration")


def test_no_guard_has_anything_against_it_and_it_is_as_complex_as_before() -> None:
    text = "Do a calibration of line 3 that changes nothing."
    guards = standard_guards([TrainTask(name="calibration", instruction=text)])

    after = edited(AGENT, 3)

    assert [f for f in guards.check(before=AGENT, after=after) if f.severity == "block"] == []
    assert guards.size(after) == guards.size(AGENT)


def test_it_says_what_it_is() -> None:
    proposal = UnchangedProposer().propose(DeskFake(source=AGENT, step=3)).proposal

    assert proposal is not None
    assert proposal.title == "Calibration: edit 3 changes nothing"
