"""Which task is for training, which for validation, which for the holdout."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from autoloop.errors import SettingsError, TaskError
from autoloop.records import Split, Task
from autoloop.tasks.similar import groups_of_alike

LEAST = 2
"""Distinct tasks a split needs: a mean of one task has no confidence interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    """How tasks are divided: each split by a share, or by patterns of task names.

    Patterns are `fnmatch` patterns on whole names (`*csv*`). Tasks that no pattern takes are
    divided among the splits that have shares; shares are relative to one another.
    """

    train: float | tuple[str, ...] = 0.5
    validation: float | tuple[str, ...] = 0.25
    holdout: float | tuple[str, ...] = 0.25
    seed: int = 0

    def of(self, split: Split) -> float | tuple[str, ...]:
        """The share or the patterns of one split."""
        return {
            Split.TRAIN: self.train,
            Split.VALIDATION: self.validation,
            Split.HOLDOUT: self.holdout,
        }[split]


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """Tasks that stay together: one task, or near duplicates."""

    tasks: tuple[Task, ...]
    rank: float
    """Place in a random but lasting order, from seed and name."""

    @property
    def family(self) -> str:
        return self.tasks[0].family

    @property
    def size(self) -> int:
        return len(self.tasks)


Layout = dict[_Unit, Split]


def make_splits(tasks: Sequence[Task], plan: SplitPlan) -> Mapping[str, Split]:
    """Give every task a split, by name.

    The same names, families, instructions and plan give the same splits. Near duplicates fall into
    one split; each family is spread over the splits as its shares say, to within one task; a task
    that is added later moves few others, mostly of its own family.

    Raises:
        SettingsError: a share or pattern cannot work, or a task is in no split or in two.
        TaskError: the tasks are too few for three splits.
    """
    shares = _shares(plan)
    groups = groups_of_alike(tasks)
    splits = _with_their_duplicates(_chosen_by_pattern(tasks, plan), groups)
    free = [group for group in groups if group[0].name not in splits]
    if free and not shares:
        raise SettingsError(
            f"The task {free[0][0].name!r} is in no split: no pattern under `splits` in program.md "
            "matches it. Add a pattern for it, or give one split a share such as 0.5 for the rest."
        )
    units = [_Unit(group, _rank(plan.seed, group[0].name)) for group in free]
    for unit, split in _divided(units, shares, _sizes(groups, splits), seed=plan.seed).items():
        splits |= dict.fromkeys((task.name for task in unit.tasks), split)
    _check_sizes(groups, splits)
    return {name: splits[name] for name in sorted(splits)}


def _with_their_duplicates(
    chosen: Mapping[str, Split], groups: Sequence[tuple[Task, ...]]
) -> dict[str, Split]:
    splits = dict(chosen)
    for group in groups:
        taken = [chosen[task.name] for task in group if task.name in chosen]
        for task in group if taken else ():
            # Should patterns tear duplicates apart, the others go where most is known already.
            splits.setdefault(task.name, min(taken, key=list(Split).index))
    return splits


def _sizes(groups: Sequence[tuple[Task, ...]], splits: Mapping[str, Split]) -> Counter[Split]:
    """Distinct tasks in each split, near duplicates counted once."""
    homes = [{splits[task.name] for task in group if task.name in splits} for group in groups]
    return Counter(split for its_homes in homes for split in its_homes)


def _rank(seed: int, name: str) -> float:
    digest = hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _shares(plan: SplitPlan) -> dict[Split, float]:
    shares = {split: share for split in Split if isinstance(share := plan.of(split), int | float)}
    for split, share in shares.items():
        if not (math.isfinite(share) and share > 0):
            raise SettingsError(
                f"`splits.{split}` in program.md is {share!r}; write a share above 0 such as 0.25, "
                "or a list of name patterns."
            )
    total = sum(shares.values())
    return {split: share / total for split, share in shares.items()}


def _chosen_by_pattern(tasks: Sequence[Task], plan: SplitPlan) -> dict[str, Split]:
    chosen: dict[str, tuple[Split, str]] = {}
    for split, pattern in _patterns(plan):
        matches = [task.name for task in tasks if fnmatchcase(task.name, pattern)]
        if not matches:
            raise SettingsError(
                f"The pattern {pattern!r} under `splits.{split}` in program.md matches no task. "
                "See the names with `autoloop tasks list`, then correct or remove it."
            )
        for name in matches:
            other, its_pattern = chosen.setdefault(name, (split, pattern))
            if other is not split:
                raise SettingsError(
                    f"The task {name!r} is in two splits: {its_pattern!r} puts it into {other}, "
                    f"{pattern!r} into {split}. Make the patterns in program.md exclude each other."
                )
    return {name: split for name, (split, _) in chosen.items()}


def _patterns(plan: SplitPlan) -> Iterator[tuple[Split, str]]:
    for split in Split:
        value = plan.of(split)
        if isinstance(value, tuple):
            yield from ((split, pattern) for pattern in value)


def _check_sizes(groups: Sequence[tuple[Task, ...]], splits: Mapping[str, Split]) -> None:
    counts = _sizes(groups, splits)
    short = [split for split in Split if counts[split] < LEAST]
    if not short:
        return
    have = ", ".join(f"{split} {counts[split]}" for split in Split)
    have += f", and each needs at least {LEAST}."
    if len(groups) >= LEAST * len(Split):
        raise TaskError(
            f"{_how_many(groups)} are too unevenly divided: {have} Change `splits` in program.md, "
            "or write more tasks with `autoloop tasks new NAME`."
        )
    raise TaskError(
        f"{_how_many(groups)} {'is' if len(groups) == 1 else 'are'} too few for three splits: "
        f"{have} Write others with `autoloop tasks new NAME` and change their instruction, tests "
        f"and solution, until at least {LEAST * len(Split)} differ (20 make decisions worth "
        "trusting)."
    )


def _how_many(groups: Sequence[tuple[Task, ...]]) -> str:
    alike = sum(len(group) - 1 for group in groups)
    aside = f" ({alike} more {'is' if alike == 1 else 'are'} nearly the same)" if alike else ""
    return f"{len(groups)} distinct task{'' if len(groups) == 1 else 's'}{aside}"


def _divided(
    units: Sequence[_Unit], shares: Mapping[Split, float], fixed: Counter[Split], *, seed: int
) -> Layout:
    families: dict[str, list[_Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: unit.rank):
        families[unit.family].append(unit)
    layout: Layout = {}
    for family, members in families.items():
        layout |= _spread(members, shares, _rank(seed, f"family\0{family}"))
    while (move := _best_move(layout, shares, fixed)) is not None:
        unit, split = move
        layout[unit] = split
    return layout


def _spread(members: Sequence[_Unit], shares: Mapping[Split, float], start: float) -> Layout:
    # The splits are arcs of a circle, the tasks of a family evenly spaced points on it. Each arc
    # holds its share of them to within one, and one more task moves at most one over each border.
    total = sum(unit.size for unit in members)
    layout, before = {}, 0
    for unit in members:
        place = ((before + unit.size / 2) / total + start) % 1
        layout[unit] = _split_at(place, shares)
        before += unit.size
    return layout


def _split_at(place: float, shares: Mapping[Split, float]) -> Split:
    border = 0.0
    for split, share in shares.items():
        border += share
        if place < border:
            return split
    return list(shares)[-1]


def _best_move(
    layout: Layout, shares: Mapping[Split, float], fixed: Counter[Split]
) -> tuple[_Unit, Split] | None:
    """The move that helps most: first to fill splits too small, then towards the shares."""
    tally = _Tally.of(layout, shares, fixed)
    best, best_gain = None, (0, 1e-9)
    for unit in sorted(layout, key=lambda unit: unit.rank):
        for split in shares:
            gain = tally.gain(unit, layout[unit], split)
            allowed = gain[0] > 0 or tally.keeps_family_balance(unit, layout[unit], split)
            if split is not layout[unit] and allowed and gain > best_gain:
                best, best_gain = (unit, split), gain
    return best


@dataclass(frozen=True, slots=True)
class _Tally:
    """How far a layout is from the shares, over all and per family."""

    units: Counter[Split]
    off: Mapping[Split, float]
    """Tasks more (or less) than the share says."""
    family_off: Mapping[tuple[str, Split], float]

    @classmethod
    def of(cls, layout: Layout, shares: Mapping[Split, float], fixed: Counter[Split]) -> "_Tally":
        """Count a layout; `fixed` are units that patterns put into splits."""
        off: dict[Split, float] = defaultdict(float)
        family_off: dict[tuple[str, Split], float] = defaultdict(float)
        for unit, home in layout.items():
            for split, share in shares.items():
                change = unit.size * ((split is home) - share)
                off[split] += change
                family_off[unit.family, split] += change
        return cls(Counter(layout.values()) + fixed, off, family_off)

    def gain(self, unit: _Unit, home: Split, split: Split) -> tuple[int, float]:
        """Units that too small splits come nearer to `LEAST`, then squared error that vanishes."""
        filled = (self.units[split] < LEAST) - (self.units[home] <= LEAST)
        return filled, 2 * unit.size * (self.off[home] - self.off[split] - unit.size)

    def keeps_family_balance(self, unit: _Unit, home: Split, split: Split) -> bool:
        """Whether the family stays within one task (or this unit) of its shares."""
        limit = max(1, unit.size) + 1e-9
        less = self.family_off[unit.family, home] - unit.size
        more = self.family_off[unit.family, split] + unit.size
        return less >= -limit and more <= limit
