"""What the command line shows of integrity: audit, show, trace, status, log."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.records import TrialFinding
from tests.app.builders import BETTER, RUN, make_trial, record_run, record_trials
from tests.app.test_auditing import FORGED, write_trace
from tests.cli.conftest import Command

EVIL = "It wrote '/tmp/\x1b]0;owned\x07\x1b[2J[red]x[/red]\u202e'."
OBEYED = ("\x1b", "\x07", "\u202e")


@pytest.fixture
def flagged(recorded: Path) -> Path:
    """A run whose kept edit tampered in one trial, and one that is suspicious."""
    for number, severity in enumerate(("suspicious", "tampered")):
        odd = TrialFinding(rule="shadowing", severity=severity, evidence=EVIL)  # type: ignore[arg-type]
        trial = make_trial("cedar", source=BETTER, step=1, attempt=number)
        trial = replace(trial, findings=(odd,), verification="fresh")
        record_trials(recorded, RUN, trial)
        write_trace(recorded, trial, FORGED)
    return recorded


@pytest.mark.usefixtures("flagged")
def test_an_audit_with_a_tampered_candidate_is_unsound(run: Command) -> None:
    done = run("audit")

    assert done.code == 4
    assert "first agent " in done.out
    assert ": tampered, 4 trials" in done.out
    assert "  tampered: reward-write, 2 places, such as cedar__0000001: The agent wrote" in done.out
    assert done.out.endswith("2 candidates audited, 1 clean, 0 suspicious, 1 tampered.\n")


@pytest.mark.usefixtures("recorded")
def test_an_audit_without_one_is_fine(run: Command) -> None:
    done = run("audit", RUN)

    assert done.code == 0
    assert done.out.endswith("2 candidates audited, 2 clean, 0 suspicious, 0 tampered.\n")


@pytest.mark.usefixtures("flagged")
def test_the_json_of_an_audit_has_verdicts_and_findings(run: Command) -> None:
    done = run("audit", "--step", "1", "--json")

    assert done.code == 4
    (own,) = done.json["candidates"]
    assert (own["step"], own["verdict"], own["opinion"]) == (1, "tampered", None)
    assert {"rule", "severity", "evidence", "where", "count"} == own["findings"][0].keys()


@pytest.mark.usefixtures("flagged")
def test_a_step_shows_what_was_found_in_its_trials(run: Command) -> None:
    out = run("show", "1").out

    assert "Trials: 1 suspicious, 1 tampered." in out
    assert "shadowing  tampered    1       cedar__0010001  It wrote" in out
    assert run("show", "1", "--json").json["flags"] == {"suspicious": 1, "tampered": 1}


@pytest.mark.usefixtures("flagged")
def test_a_trace_tells_integrity_and_where_the_tests_ran(run: Command) -> None:
    out = run("trace", "cedar__001").out

    assert "Integrity: tampered. Tests ran in a new container." in out
    assert "tampered: shadowing: It wrote" in out
    assert run("trace", "cedar__001", "--json").json["trial"]["integrity"] == "tampered"


@pytest.mark.parametrize("command", ["status", "log"])
def test_flagged_trials_are_counted_where_there_are_any(
    project: Path, run: Command, command: str
) -> None:
    record_run(project)
    assert "Integrity" not in run(command).out
    odd = TrialFinding(rule="shadowing", severity="suspicious", evidence=EVIL)

    record_trials(project, RUN, replace(make_trial("dune"), findings=(odd,)))

    assert "Integrity of trials: 1 suspicious. See autoloop audit." in run(command).out


@pytest.mark.parametrize("command", ["audit", "show 1", "trace cedar__001", "status", "log"])
@pytest.mark.usefixtures("flagged")
def test_nothing_that_a_terminal_obeys_is_printed(run: Command, command: str) -> None:
    out = run(*command.split()).out

    assert not any(character in out for character in OBEYED)


@pytest.mark.usefixtures("flagged")
def test_status_has_the_recorded_audit_with_its_verdicts(run: Command) -> None:
    assert run("status", "--json").json["audit"] is None
    run("audit")

    status = run("status", "--json").json

    assert [own["verdict"] for own in status["audit"]["candidates"]] == ["clean", "tampered"]
    assert status["flags"] == {"suspicious": 1, "tampered": 1}
