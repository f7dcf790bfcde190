"""Advice for single train tasks in everyday words: a sentence, a definition, a list of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from autoloop.guards.definitions import definitions
from autoloop.guards.material import TrainTask
from autoloop.guards.program import Program, read, read_before
from autoloop.guards.topics import Near, Topics, sentences
from autoloop.records import Finding

RULE = "topics"
_ABOUT, _NEARLY = 2.6, 2.1
"""What a sentence says of one task, to be about it; advice for any task comes to 1.6."""
_ITSELF = 3.3
"""The same with fewer than three words."""
_THREE = 3
_MADE_FOR = 2.7
_LONG = 300
"""Names of a definition, beyond which more of one task comes together by chance."""
_NEIGHBOURS = 5
_POINTS = 1.0
"""What a sentence says of a task at least, to be counted with its neighbours."""
_LISTED, _BOTH = 1.4, 2.0
"""What neighbours say beyond that of three tasks, and of two, to be a list of tasks."""
_SHOWN = 5
_ADVICE = "Say what helps with any task, in words that fit any."


class TopicsGuard:
    """Blocks what is about one train task, and neighbouring sentences that each are about one.

    Words of tests and solutions count, too; a finding names those of instructions alone.
    """

    def __init__(self, tasks: Iterable[TrainTask]) -> None:
        known = tuple(tasks)
        self._topics = Topics(
            {task.name: task.instruction for task in known},
            {task.name: "\n".join(file.text for file in task.hidden) for task in known},
        )

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """One finding at most, the worst; `after` must parse."""
        old, new = read_before(before), read(after)
        rows = _added(old, new)
        told = [(line, self._topics.nearest(one)) for one, line in rows.items()]
        found = [*_single(told), *_listed(told), *self._mentions(rows)]
        found += self._definitions(old, new)
        return tuple(sorted(found, key=lambda one: one.severity != "block")[:1])

    def _mentions(self, rows: Mapping[str, int]) -> Iterator[Finding]:
        for sentence, line in rows.items():
            tasks = self._topics.mentioned(sentence)
            if len(tasks) >= _THREE:
                text = f"This speaks of what {len(tasks)} single train tasks are about. {_ADVICE}"
                yield _finding("block", text, line)

    def _definitions(self, old: Program, new: Program) -> Iterator[Finding]:
        for one in definitions(old, new):
            near = self._topics.nearest_of(one.words)
            least = _MADE_FOR if len(near.words) >= _THREE else _ITSELF
            if near.claim >= least + len(one.words) / _LONG:
                text = f"This definition{_naming(near)} is made for a single train task. {_ADVICE}"
                yield _finding("block", text, one.line)


def _added(old: Program, new: Program) -> dict[str, int]:
    """Each sentence that an edit adds, in order, with its line."""
    texts = sorted(
        (item for item in new.texts if item.text not in old.spellings), key=lambda item: item.line
    )
    return {one: item.line for item in texts for one in sentences(item.text)}


def _single(told: Sequence[tuple[int, Near]]) -> Iterator[Finding]:
    for line, near in told:
        many = len(near.words) >= _THREE
        if near.claim >= (_ABOUT if many else _ITSELF):
            text = f"What is said here{_naming(near)} is about a single train task. {_ADVICE}"
            yield _finding("block", text, line)
        elif near.claim >= _NEARLY:
            text = f"What is said here{_naming(near)} may be about a single train task. {_ADVICE}"
            yield _finding("warn", text, line)


def _listed(told: Sequence[tuple[int, Near]]) -> Iterator[Finding]:
    """Sentences next to each other, each about another task."""
    telling = [(place, line, near) for place, (line, near) in enumerate(told) if _points(near)]
    for place, line, _ in telling:
        claims: dict[str, float] = {}
        for other, _, near in telling:
            if 0 <= other - place < _NEIGHBOURS:
                claims[near.task] = max(near.claim - _POINTS, claims.get(near.task, 0.0))
        few = _LISTED if len(claims) >= _THREE else _BOTH
        if len(claims) > 1 and sum(claims.values()) >= few:
            text = f"These sentences are about {len(claims)} single train tasks. {_ADVICE}"
            yield _finding("block", text, line)
            return


def _naming(near: Near) -> str:
    return f" ({', '.join(map(repr, near.told[:_SHOWN]))})" if near.told else ""


def _points(near: Near) -> bool:
    return near.claim > _POINTS


def _finding(severity: Literal["warn", "block"], message: str, line: int) -> Finding:
    return Finding(rule=RULE, severity=severity, message=message, line=line)
