from dataclasses import replace

from autoloop.meta.bench import Bench
from autoloop.records import Decision, Review
from autoloop.records.quoting import RESULT_CHARS
from autoloop.testing.desk import DeskFake
from tests.meta.builders import SOURCE, ask, desk, standing, step


def test_the_scoreboard_shows_the_worst_task_first_and_the_mean() -> None:
    said = ask(Bench(desk()), "scoreboard")

    assert said.splitlines() == [
        "2 train tasks, mean reward 0.500.",
        "- csv (tables): 0/1 passed (95 %: 0 to 98 %), mean 0.00",
        "- logs (tables): 1/1 passed (95 %: 0 to 98 %), mean 1.00",
    ]


def test_an_empty_scoreboard_says_so() -> None:
    assert "No train task" in ask(Bench(DeskFake(source=SOURCE)), "scoreboard")


def test_a_scoreboard_of_thousands_is_cut_with_a_note() -> None:
    board = DeskFake(source=SOURCE, standings=[standing(f"task-{n}") for n in range(5_000)])

    said = ask(Bench(board), "scoreboard")

    assert len(said) <= RESULT_CHARS
    assert "more characters cut here" in said


def test_steps_are_listed_with_their_verdict() -> None:
    said = ask(Bench(desk(steps=[step(1), step(2, decision=Decision.KEEP)])), "list_steps")

    assert said.splitlines()[0] == "step 1: revert: 'An earlier edit'. It was no better."
    assert said.splitlines()[1].startswith("step 2: keep:")


def test_old_steps_are_left_out_of_a_long_list() -> None:
    said = ask(Bench(desk(steps=[step(n) for n in range(1, 101)])), "list_steps")

    assert said.startswith("[40 older steps not listed")
    assert "step 100:" in said


def test_without_steps_the_list_says_so() -> None:
    assert ask(Bench(desk()), "list_steps") == "This is the first step."


def test_a_step_is_shown_with_its_diff_and_its_review() -> None:
    review = Review(worthwhile="no", reason="It knows one file.", tasks=("csv",))
    seen = desk(steps=[step(1, train_gain=0.25, review=review)])
    seen.diffs = {1: "-old\n+new"}

    said = ask(Bench(seen), "show_step", step=1)

    assert "train_gain: 0.25" in said
    assert "without its task: no. It seems made for csv. It knows one file." in said
    assert "Hypothesis: It forgets things." in said
    assert said.endswith("-old\n+new")


def test_a_step_without_a_diff_is_shown_all_the_same() -> None:
    assert ask(Bench(desk(steps=[step(1)])), "show_step", step=1).endswith("(no diff)")


def test_an_unknown_step_is_refused() -> None:
    assert "no earlier step 7" in ask(Bench(desk()), "show_step", step=7)


def test_the_notebook_is_read_as_it_was_left() -> None:
    left = desk()

    assert ask(Bench(left), "read_notebook") == "The notebook is empty."
    assert ask(Bench(left), "write_notebook", text="Limits matter.") == "Done."
    assert ask(Bench(left), "read_notebook") == "Limits matter."


def test_an_edit_under_test_is_listed_as_open() -> None:
    said = ask(Bench(desk(steps=[replace(step(1), decision="open", lesson="")])), "list_steps")

    assert said == "step 1: open: 'An earlier edit'. "
