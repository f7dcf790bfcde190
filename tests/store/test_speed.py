"""A look at a long run is quick."""

import time
from pathlib import Path

import pytest

from autoloop.store import SqliteStore, open_readonly
from tests.store.builders import make_key, make_run, make_step, make_trial


@pytest.mark.slow
def test_ten_thousand_trials_are_summed_up_at_once(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store:
        store.save_run(make_run())
        store._database.write("PRAGMA synchronous = OFF")
        for n in range(10_000):
            store.save_trial(make_trial(f"t{n}", key=make_key(attempt=n)))
        for n in range(250):
            store.save_step(make_step(n))

    started = time.perf_counter()
    with open_readonly(tmp_path) as reader:
        counts, steps, run = reader.counts(), reader.steps(latest=10), reader.run()
    seconds = time.perf_counter() - started

    assert (counts.trials, len(steps), run) == (10_000, 10, make_run())
    assert seconds < 0.2
