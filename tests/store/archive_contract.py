"""What every `TrialArchive` must do; run against SQLite and against the fake."""

from dataclasses import fields, replace

import pytest

from autoloop.ports import TrialArchive
from autoloop.records import ArchiveKey, Outcome
from tests.store.builders import make_archive_key, make_trial

KEY = make_archive_key()


class TrialArchiveContract:
    """Subclasses give fixtures `archive` and `other`: a new one, opened for runs `r1` and `r2`.

    The folder of every trial is there.
    """

    def test_what_nobody_added_is_not_found(self, archive: TrialArchive) -> None:
        assert archive.trials(KEY) == ()

    def test_a_trial_of_another_run_is_found_with_where_it_is(
        self, archive: TrialArchive, other: TrialArchive
    ) -> None:
        trial = make_trial("a")
        archive.add(KEY, trial)

        (found,) = other.trials(KEY)

        assert found == replace(trial, folder="../r1/jobs/a", reused_from="r1")

    def test_a_run_finds_its_own_trials_too(self, archive: TrialArchive) -> None:
        archive.add(KEY, make_trial("a"))

        assert [(t.id, t.reused_from) for t in archive.trials(KEY)] == [("a", "r1")]

    def test_trials_come_in_the_order_they_were_added_in_by_whatever_run(
        self, archive: TrialArchive, other: TrialArchive
    ) -> None:
        archive.add(KEY, make_trial("b"))
        other.add(KEY, make_trial("a"))
        archive.add(KEY, make_trial("c"))

        assert [t.id for t in archive.trials(KEY)] == ["b", "a", "c"]

    @pytest.mark.parametrize("part", [field.name for field in fields(ArchiveKey)])
    def test_every_part_of_the_content_tells_trials_apart(
        self, archive: TrialArchive, part: str
    ) -> None:
        archive.add(KEY, make_trial("a"))

        assert archive.trials(make_archive_key(**{part: "another"})) == ()

    def test_a_trial_is_added_once(self, archive: TrialArchive, other: TrialArchive) -> None:
        archive.add(KEY, make_trial("a", reward=1.0))
        archive.add(KEY, make_trial("a", reward=0.0))
        other.add(KEY, make_trial("a", reward=0.5))

        assert [(t.reused_from, t.reward) for t in archive.trials(KEY)] == [
            ("r1", 1.0),
            ("r2", 0.5),
        ]

    def test_an_invalid_trial_is_no_result(self, archive: TrialArchive) -> None:
        archive.add(KEY, make_trial("a", outcome=Outcome.INVALID))

        assert archive.trials(KEY) == ()

    def test_a_failed_trial_is_a_result(self, archive: TrialArchive) -> None:
        archive.add(KEY, make_trial("a", outcome=Outcome.FAILED, reward=0.0))

        assert [t.outcome for t in archive.trials(KEY)] == [Outcome.FAILED]

    def test_closing_twice_is_harmless(self, archive: TrialArchive) -> None:
        archive.close()
        archive.close()
