"""A look at a long run costs no more than its length."""

from pathlib import Path

from autoloop.store import SqliteStore, open_readonly
from tests.store.builders import make_key, make_run, make_step, make_trial


def work_of_a_look(folder: Path, *, trials: int) -> int:
    """How many instructions SQLite's machine runs, in hundreds, for what `status` shows."""
    folder.mkdir()
    with SqliteStore.open(folder) as store:
        store.save_run(make_run())
        store._database.write("PRAGMA synchronous = OFF")
        for n in range(trials):
            store.save_trial(make_trial(f"t{n}", key=make_key(attempt=n)))
        for n in range(trials // 40):
            store.save_step(make_step(n))

    hundreds = 0

    def count() -> int:
        nonlocal hundreds
        hundreds += 1
        return 0

    with open_readonly(folder) as reader:
        reader._database._connection.set_progress_handler(count, 100)
        counts, steps, run = reader.counts(), reader.steps(latest=10), reader.run()

    assert (counts.trials, len(steps), run) == (trials, 10, make_run())
    return hundreds


def test_a_look_grows_with_the_trials_and_no_faster(tmp_path: Path) -> None:
    once, twice = (work_of_a_look(tmp_path / str(n), trials=n) for n in (400, 800))

    assert twice < 2.2 * once
