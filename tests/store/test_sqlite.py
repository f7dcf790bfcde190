"""What the database promises beyond the port."""

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from autoloop.errors import RunError, StorageError
from autoloop.records import Decision, Flags, Outcome, Severity, TrialFinding
from autoloop.store import SqliteStore, StoreReader, open_readonly
from tests.store.builders import make_key, make_run, make_step, make_trial


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with one record of each kind, closed."""
    with SqliteStore.open(tmp_path / "r1") as store:
        store.save_run(make_run())
        store.save_step(make_step())
        store.save_trial(make_trial())
        store.save_notebook("notes")
    return tmp_path / "r1"


def _change(folder: Path, statement: str, *values: str) -> None:
    connection = sqlite3.connect(folder / "run.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def _everything(store: StoreReader) -> tuple[object, ...]:
    return (store.run(), store.steps(), store.trials(), store.notebook())


def test_everything_is_there_when_a_run_is_opened_again(folder: Path) -> None:
    with SqliteStore.open(folder) as store:
        assert _everything(store) == (make_run(), (make_step(),), (make_trial(),), "notes")


def test_a_closed_run_is_one_database_and_a_lock_file(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "run.db"]


def test_writes_are_fully_synchronous_and_logged_ahead(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store:
        assert store._database.rows("PRAGMA journal_mode") == [("wal",)]
        assert store._database.rows("PRAGMA synchronous") == [(2,)]


def test_text_that_is_no_unicode_is_stored_all_the_same(tmp_path: Path) -> None:
    trial = make_trial("odd", key=make_key(task="a\ud800\x00b"))
    with SqliteStore.open(tmp_path) as store:
        store.save_trial(trial)
        store.save_trial(trial)
        store.save_notebook("a\ud800b")

        assert store.notebook() == "a?b"
        assert [found.key.task for found in store.trials()] == ["a?\x00b"]
        assert store.find_trial(trial.key) == store.trials()[0]


def test_any_kind_of_mapping_is_stored(tmp_path: Path) -> None:
    splits = MappingProxyType(make_run().splits)
    with SqliteStore.open(tmp_path) as store:
        store.save_run(replace(make_run(), splits=splits))

        assert store.run() == make_run()


def test_what_is_no_record_is_a_mistake_of_ours(tmp_path: Path) -> None:
    odd = replace(make_run(), splits={"t": object()})  # type: ignore[dict-item]

    with SqliteStore.open(tmp_path) as store, pytest.raises(TypeError, match="no place"):
        store.save_run(odd)


def test_a_reused_trial_is_counted_and_cost_nothing_here(tmp_path: Path) -> None:
    reused = replace(make_trial("a"), reused_from="r0")
    with SqliteStore.open(tmp_path) as store:
        store.save_trial(reused)
        store.save_trial(make_trial("b", key=make_key(attempt=1)))

        counts, found = store.counts(), store.trials()[0]

    assert (counts.trials, counts.reused, counts.tokens, counts.cost_usd) == (2, 1, 100, 0.25)
    assert (found, found.usage.tokens, found.paid.tokens) == (reused, 100, 0)


def test_a_run_that_knew_of_no_reuse_can_be_read(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store:
        store.save_trial(make_trial())
        store._database.write("UPDATE trials SET record = json_remove(record, '$.reused_from')")
        store._database.write("DROP INDEX reused_trials")

        assert (store.counts().reused, store.trials()) == (0, (make_trial(),))


def test_counts_sum_up_trials_and_steps(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store:
        outcomes = [*Outcome, Outcome.SCORED]
        for n, outcome in enumerate(outcomes):
            reward = 1.0 if n == 0 else 0.0
            store.save_trial(
                make_trial(f"t{n}", key=make_key(attempt=n), outcome=outcome, reward=reward)
            )
        for n, decision in enumerate([Decision.KEEP, Decision.REVERT, Decision.REVERT, None]):
            store.save_step(make_step(n, decision=decision))
        counts = store.counts()

    assert (counts.trials, counts.invalid, counts.failed, counts.passed) == (3, 1, 1, 1)
    assert (counts.tokens, counts.cost_usd) == (400, 1.0)
    assert (counts.meta_tokens, counts.meta_cost_usd) == (4_000, 2.0)
    assert counts.steps == 4
    assert counts.decisions == {Decision.KEEP: 1, Decision.REVERT: 2}


def test_scores_name_each_agent_on_each_task_the_latest_last(tmp_path: Path) -> None:
    other = replace(make_key(attempt=3), agent="fedcba9876543210")
    with SqliteStore.open(tmp_path) as store:
        store.save_trial(make_trial("a", key=other, reward=0.0))
        store.save_trial(make_trial("b", key=make_key(attempt=0), reward=1.0))
        store.save_trial(make_trial("c", key=make_key(attempt=1), reward=0.5))
        store.save_trial(make_trial("d", key=make_key(attempt=2), outcome=Outcome.INVALID))
        found = store.scores()

    assert [(score.agent, score.mean, score.trials) for score in found] == [
        ("fedcba9876543210", 0.0, 1),
        ("0123456789abcdef", 0.75, 2),
    ]


def test_an_unknown_price_makes_the_cost_unknown(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store:
        assert store.counts().cost_usd == 0.0
        store.save_trial(make_trial("a", cost_usd=None))
        store.save_trial(make_trial("b", key=make_key(attempt=1)))

        assert store.counts().cost_usd is None
        assert store.counts().meta_cost_usd == 0.0


def test_a_trial_is_found_by_its_folders_name(folder: Path) -> None:
    with open_readonly(folder) as store:
        assert store.trial("sum__0000001") == make_trial()
        assert store.trial("nothing") is None


def test_the_latest_steps_can_be_asked_for(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store:
        for index in range(1, 6):
            store.save_step(make_step(index))

        assert [step.index for step in store.steps(latest=2)] == [4, 5]


def test_a_newer_schema_is_refused_with_advice(folder: Path) -> None:
    _change(folder, "PRAGMA user_version = 99")

    with pytest.raises(RunError, match=r"newer autoloop \(schema 99; this one knows 1\): update"):
        SqliteStore.open(folder)
    with pytest.raises(RunError, match="newer autoloop"):
        open_readonly(folder)


def test_a_refused_run_is_not_left_locked(folder: Path) -> None:
    _change(folder, "PRAGMA user_version = 99")
    with pytest.raises(RunError, match="newer autoloop"):
        SqliteStore.open(folder)
    _change(folder, "PRAGMA user_version = 1")

    SqliteStore.open(folder).close()


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    _change(tmp_path, "CREATE TABLE theirs (x)")

    with pytest.raises(RunError, match="another program"):
        SqliteStore.open(tmp_path)


def test_what_is_no_database_is_refused(folder: Path) -> None:
    (folder / "run.db").write_bytes(b"not a database at all, " * 100)

    with pytest.raises(RunError, match=r"run\.db' is damaged"):
        SqliteStore.open(folder)
    with pytest.raises(RunError, match=r"run\.db' is damaged"):
        open_readonly(folder)


def test_a_malformed_database_is_named(folder: Path) -> None:
    size = (folder / "run.db").stat().st_size
    with (folder / "run.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))

    with open_readonly(folder) as store, pytest.raises(RunError, match=r"run\.db' is damaged"):
        store.trials()


@pytest.mark.parametrize("record", ["{", "{}", json.dumps({"name": 3})])
def test_a_damaged_record_is_named(folder: Path, record: str) -> None:
    _change(folder, "UPDATE run SET record = ?", record)

    with open_readonly(folder) as store, pytest.raises(RunError, match="holds a Run that cannot"):
        store.run()


def test_an_empty_or_missing_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no run in"):
        open_readonly(tmp_path)
    (tmp_path / "run.db").touch()
    with pytest.raises(RunError, match="holds no run yet"):
        open_readonly(tmp_path)


def test_a_full_disk_says_so_and_loses_nothing(folder: Path) -> None:
    with SqliteStore.open(folder) as store:
        store._database.rows("PRAGMA max_page_count = 1")
        with pytest.raises(StorageError, match=r"disk that holds .*run\.db' is full"):
            store.save_notebook("x" * 1_000_000)
        store._database.rows("PRAGMA max_page_count = 1000000")
        store.save_notebook("room again")

        assert store.notebook() == "room again"
        assert store.trials() == (make_trial(),)


_OVERFLOW = """
import resource, sys
from pathlib import Path
from autoloop.errors import StorageError
from autoloop.store import SqliteStore
store = SqliteStore.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    store.save_notebook("x" * 1_000_000)
except StorageError as error:
    print(error)
"""


def test_a_disk_that_refuses_a_write_ends_in_a_sentence(folder: Path) -> None:
    command = [sys.executable, "-c", _OVERFLOW, str(folder)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "run.db' " in done.stdout
    assert "resume" in done.stdout
    with open_readonly(folder) as store:
        assert store.notebook() == "notes"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match="cannot be made"):
        SqliteStore.open(tmp_path / "file" / "r1")


def test_a_closed_store_says_so(folder: Path) -> None:
    store = open_readonly(folder)
    store.close()

    with pytest.raises(RunError, match="closed already"):
        store.run()


def _found(*severities: Severity) -> tuple[TrialFinding, ...]:
    # What an agent names its files must not pass for a severity.
    evil = '"severity": "tampered"'
    return tuple(TrialFinding(rule="r", severity=s, evidence=evil) for s in severities)


def test_trials_that_are_not_clean_are_counted_by_the_worst_of_their_findings(
    tmp_path: Path,
) -> None:
    seen = (
        _found(),
        _found("note"),
        _found("note", "suspicious"),
        _found("suspicious", "tampered"),
    )
    with SqliteStore.open(tmp_path) as store:
        for number, findings in enumerate(seen):
            trial = make_trial(f"t{number}", key=make_key(attempt=number))
            store.save_trial(replace(trial, findings=findings))

        assert store.counts().flags == Flags(suspicious=1, tampered=1)
        assert store.counts().flags == Flags.of(trial.integrity for trial in store.trials())


def test_a_run_that_knew_of_no_findings_can_be_read(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store:
        store.save_trial(make_trial())
        store._database.write("UPDATE trials SET record = json_remove(record, '$.findings')")
        store._database.write("DROP INDEX trials_with_findings")

        assert not store.counts().flags
