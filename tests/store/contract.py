"""What every `RunStore` must do; run against SQLite and against the fake."""

import threading
from concurrent.futures import ThreadPoolExecutor

from autoloop.ports import RunStore
from autoloop.records import Decision, Outcome
from tests.store.builders import make_key, make_run, make_step, make_trial


class RunStoreContract:
    """Subclasses give a fixture `store`, new and empty."""

    def test_a_new_store_is_empty(self, store: RunStore) -> None:
        assert store.run() is None
        assert store.steps() == ()
        assert store.trials() == ()
        assert store.notebook() == ""
        assert not store.stop_requested()

    def test_a_run_comes_back_as_it_was_saved_last(self, store: RunStore) -> None:
        store.save_run(make_run())
        store.save_run(make_run(active_s=12.5))

        assert store.run() == make_run(active_s=12.5)

    def test_steps_come_back_by_index_in_their_last_stage(self, store: RunStore) -> None:
        store.save_step(make_step(2, decision=None))
        store.save_step(make_step(1, decision=Decision.REVERT))
        store.save_step(make_step(2, decision=Decision.KEEP))

        assert store.steps() == (make_step(1, decision=Decision.REVERT), make_step(2))

    def test_trials_come_back_in_the_order_they_were_saved(self, store: RunStore) -> None:
        trials = tuple(make_trial(f"t{n}", key=make_key(attempt=n)) for n in (3, 1, 2))
        for trial in trials:
            store.save_trial(trial)

        assert store.trials() == trials

    def test_a_counted_trial_is_found_by_its_key(self, store: RunStore) -> None:
        trial = make_trial()
        store.save_trial(trial)

        assert store.find_trial(trial.key) == trial
        assert store.find_trial(make_key(attempt=9)) is None

    def test_the_first_of_a_counted_key_stays(self, store: RunStore) -> None:
        store.save_trial(make_trial("first", reward=0.0))
        store.save_trial(make_trial("second", reward=1.0))

        assert store.trials() == (make_trial("first", reward=0.0),)

    def test_an_invalid_trial_is_kept_but_never_stands_for_its_key(self, store: RunStore) -> None:
        broken = make_trial("broken", outcome=Outcome.INVALID)
        again = make_trial("again", outcome=Outcome.INVALID)
        good = make_trial("good")
        for trial in (broken, broken, again):
            store.save_trial(trial)
        assert store.find_trial(good.key) is None

        store.save_trial(good)

        assert store.find_trial(good.key) == good
        assert store.trials() == (broken, again, good)

    def test_a_failed_trial_counts(self, store: RunStore) -> None:
        failed = make_trial("failed", outcome=Outcome.FAILED, reward=0.0)
        store.save_trial(failed)

        assert store.find_trial(failed.key) == failed

    def test_the_notebook_is_replaced(self, store: RunStore) -> None:
        store.save_notebook("one")
        store.save_notebook("two\n\x1b é")

        assert store.notebook() == "two\n\x1b é"

    def test_many_threads_may_save_at_once(self, store: RunStore) -> None:
        start = threading.Barrier(8)

        def save(worker: int) -> None:
            start.wait()
            for n in range(20):
                store.save_trial(make_trial(f"{worker}-{n}", key=make_key(attempt=n)))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(save, range(8)))

        assert sorted(trial.key.attempt for trial in store.trials()) == list(range(20))

    def test_closing_twice_is_harmless(self, store: RunStore) -> None:
        store.close()
        store.close()
