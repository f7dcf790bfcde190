"""Who a container belongs to."""

import dataclasses

import pytest

from autoloop.sandbox.owner import Owner

HERE = Owner.current()
NO_PROCESS = 2**22 + 1


def test_an_owner_survives_its_labels() -> None:
    assert Owner.from_labels(HERE.labels()) == HERE


@pytest.mark.parametrize("labels", [{}, {**HERE.labels(), "autoloop.pid": "x"}])
def test_labels_that_are_not_ours_name_no_owner(labels: dict[str, str]) -> None:
    assert Owner.from_labels(labels) is None


@pytest.mark.parametrize(
    ("owner", "is_gone"),
    [
        (HERE, False),
        (dataclasses.replace(HERE, pid=NO_PROCESS), True),
        (dataclasses.replace(HERE, started=HERE.started - 1), True),
        (dataclasses.replace(HERE, boot="earlier:pid:[1]"), True),
        (dataclasses.replace(HERE, boot=f"{HERE.boot}0"), False),
        (dataclasses.replace(HERE, host="elsewhere", pid=NO_PROCESS), False),
    ],
    ids=["alive", "no such pid", "pid used again", "before a reboot", "other namespace", "far"],
)
def test_only_a_process_that_is_surely_dead_is_gone(owner: Owner, *, is_gone: bool) -> None:
    assert owner.is_gone(HERE) is is_gone
