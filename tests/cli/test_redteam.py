"""`autoloop redteam`, as a person starts it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command, autoloop


def test_an_attack_that_there_is_none_of_is_refused(project: Path, run: Command) -> None:
    done = run("redteam", "--attack", "99")

    done.assert_refused()
    assert "There is no attack 99; the numbers go from 1 to" in done.err
    assert not (project / "runs").exists()


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
def test_the_table_and_its_json_tell_what_became_of_each_attack(project: Path) -> None:
    done = autoloop("redteam", "--attack", "15", "--json", cwd=project)
    report = done.json

    assert done.code == 0, done.err
    assert (report["attacks"], report["gained"], report["sound"]) == (3, 0, True)
    assert (report["detected"], report["impossible"]) == (1, 2)
    assert {row["group"] for row in report["rows"]} == {"B"}
    code = next(row for row in report["rows"] if row["channel"] == "code in place of data")
    assert (code["result"], code["place"]) == ("detected", "fresh")
    assert "shadowing" in code["rules"]


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
def test_the_table_is_for_people(project: Path) -> None:
    done = autoloop("redteam", "--attack", "20", cwd=project)

    assert done.code == 0, done.err
    assert "C20" in done.out
    assert "7 attacks: 0 gained something, 7 were detected" in done.out
    assert "An honest trial still scores 1" in done.out
    assert list((project / "runs").glob("redteam-*/jobs"))
