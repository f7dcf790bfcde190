from collections import Counter

import pytest

from autoloop.errors import SettingsError, TaskError
from autoloop.records import Split, Task
from autoloop.tasks import SplitPlan, make_splits
from autoloop.tasks.similar import groups_of_alike
from tests.tasks.builders import families, make_task

SHARES = {Split.TRAIN: 0.5, Split.VALIDATION: 0.25, Split.HOLDOUT: 0.25}
TEXT = "Read {} and count the lines with status {}, then write the number to {} as plain text."


def sizes(splits: dict[str, Split]) -> list[int]:
    counts = Counter(splits.values())
    return [counts[split] for split in Split]


def split(tasks: list[Task], plan: SplitPlan | None = None) -> dict[str, Split]:
    return dict(make_splits(tasks, plan or SplitPlan()))


def test_every_task_gets_one_split_near_the_shares() -> None:
    splits = split(families(8, 4))

    assert len(splits) == 32
    assert sizes(splits) == [16, 8, 8]


@pytest.mark.parametrize("shape", [(8, 5), (1, 32), (32, 1), (10, 3), (7, 7), (3, 9)])
@pytest.mark.parametrize("seed", range(5))
def test_each_family_and_the_whole_keep_the_shares_to_within_one(
    shape: tuple[int, int], seed: int
) -> None:
    tasks = families(*shape)

    splits = split(tasks, SplitPlan(seed=seed))

    for name in {task.family for task in tasks}:
        counts = Counter(splits[task.name] for task in tasks if task.family == name)
        assert all(abs(counts[one] - SHARES[one] * shape[1]) <= 1 for one in Split)
    total = Counter(splits.values())
    assert all(abs(total[one] - SHARES[one] * len(tasks)) <= 1 for one in Split)


def test_the_order_of_the_tasks_does_not_matter() -> None:
    tasks = families(5, 5)

    turned = [*tasks[13:], *reversed(tasks[:13])]

    assert split(turned) == split(tasks)


def test_another_seed_divides_differently() -> None:
    tasks = families(8, 4)

    assert split(tasks, SplitPlan(seed=1)) != split(tasks, SplitPlan(seed=2))


@pytest.mark.parametrize("shape", [(8, 4), (8, 5), (1, 32), (32, 1)])
def test_a_new_task_moves_few_others(shape: tuple[int, int]) -> None:
    tasks = families(*shape)
    moved = []

    for seed in range(10):
        plan = SplitPlan(seed=seed)
        before, after = split(tasks, plan), split([*tasks, make_task("new", family="f0")], plan)
        moved.append(sum(before[name] is not after[name] for name in before))

    assert sum(moved) / len(moved) <= 3


def test_near_duplicates_fall_into_one_split() -> None:
    tasks = families(6, 4)
    twins = [
        make_task(
            f"f{n}/twin", family=f"f{n}", instruction=TEXT.format(f"/app/{n}.log", n, f"/out/{n}")
        )
        for n in range(4)
    ]

    for seed in range(10):
        splits = split([*tasks, *twins], SplitPlan(seed=seed))

        assert len({splits[twin.name] for twin in twins}) == 1


def test_numbers_paths_and_quoted_names_do_not_make_a_difference() -> None:
    first = make_task("a", instruction=TEXT.format("`a.csv`", 404, "/app/out.txt"))
    second = make_task(
        "b", instruction=TEXT.format('"other name"', 500, "/srv/b/result.txt").upper()
    )

    assert len(groups_of_alike([first, second])) == 1


def test_other_words_do_make_a_difference() -> None:
    first = make_task(
        "a", instruction="Sort the lines of the file by date and drop those twice there."
    )
    second = make_task(
        "b", instruction="Sort the lines of the file by size and keep those twice there."
    )

    assert len(groups_of_alike([first, second])) == 2


def test_near_duplicates_of_near_duplicates_are_together() -> None:
    words = [f"w{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"] * 2
    texts = [[*words, *tail.split()] for tail in ("x y z", "x y q", "x p q")]

    groups = groups_of_alike(
        [make_task(str(n), instruction=" ".join(text)) for n, text in enumerate(texts)]
    )

    assert [len(group) for group in groups] == [3]


def test_patterns_choose_and_the_rest_is_shared_out() -> None:
    plan = SplitPlan(train=0.6, validation=0.4, holdout=("f0/*", "f1/t0"))

    splits = split(families(5, 4), plan)

    held = [name for name, one in splits.items() if one is Split.HOLDOUT]
    assert held == ["f0/t0", "f0/t1", "f0/t2", "f0/t3", "f1/t0"]
    assert sizes(splits) == [9, 6, 5]


def test_three_lists_of_patterns_are_taken_as_they_are() -> None:
    plan = SplitPlan(train=("f0/*",), validation=("f1/t[01]",), holdout=("f1/t[23]",))

    assert sizes(split(families(2, 4), plan)) == [4, 2, 2]


def test_a_near_duplicate_follows_what_a_pattern_chose() -> None:
    twins = [make_task(f"twin{n}", instruction=TEXT.format(n, n, n)) for n in range(3)]
    plan = SplitPlan(train=0.5, validation=0.5, holdout=("twin0", "f0/*"))

    splits = split([*families(4, 4), *twins], plan)

    assert {splits[twin.name] for twin in twins} == {Split.HOLDOUT}


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    plan = SplitPlan(holdout=("f9/*",))

    with pytest.raises(SettingsError, match=r"'f9/\*' under `splits.holdout`.* matches no task"):
        split(families(4, 4), plan)


def test_a_task_in_two_splits_is_an_error() -> None:
    plan = SplitPlan(train=("*",), holdout=("f0/*",))

    with pytest.raises(SettingsError, match=r"'f0/t0' is in two splits: '\*' puts it into train"):
        split(families(4, 4), plan)


def test_a_task_that_three_lists_leave_out_is_an_error() -> None:
    plan = SplitPlan(train=("f0/*",), validation=("f1/*",), holdout=("f2/*",))

    with pytest.raises(SettingsError, match="'f3/t0' is in no split"):
        split(families(4, 4), plan)


@pytest.mark.parametrize("share", [0, -0.5, float("nan"), float("inf")])
def test_a_share_that_cannot_be_is_an_error(share: float) -> None:
    with pytest.raises(SettingsError, match=r"`splits.validation` in program.md is .*above 0"):
        split(families(4, 4), SplitPlan(validation=share))


def test_six_tasks_are_enough() -> None:
    assert sizes(split(families(3, 2))) == [2, 2, 2]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_fewer_are_too_few_and_the_message_says_what_to_do(count: int) -> None:
    with pytest.raises(TaskError, match=rf"{count} distinct tasks? (is|are) too few.*tasks new"):
        split(families(1, count))


def test_near_duplicates_count_once_towards_the_least() -> None:
    twins = [make_task(f"twin{n}", instruction=TEXT.format(n, n, n)) for n in range(9)]

    with pytest.raises(TaskError, match=r"5 distinct tasks \(8 more are nearly the same\) are"):
        split([*families(1, 4), *twins])


def test_patterns_that_leave_a_split_too_small_are_an_error() -> None:
    plan = SplitPlan(holdout=("f0/t0",))

    with pytest.raises(TaskError, match=r"unevenly divided.*holdout 1, and each needs at least 2"):
        split(families(4, 4), plan)
