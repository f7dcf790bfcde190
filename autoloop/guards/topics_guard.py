"""Edits that speak of what single train tasks are about, without naming their files."""

from collections.abc import Iterator, Mapping

from autoloop.guards.definitions import definitions
from autoloop.guards.program import Program, fresh, read, read_before
from autoloop.guards.sightings import Severity
from autoloop.guards.spelling import Spelling
from autoloop.guards.topics import Topics
from autoloop.records import Finding

RULE = "topics"
_CLOSE = 3.5
"""What one sentence says of one task, to be about it; honest edits come to 3.0."""
_NEARLY = 3.0
_MANY_TASKS = 3
_PROSE = 600
"""Words of an edit among which one more of them may stand by chance; each text counts as it is
written, read backwards and turned, so these are some 200."""
_LONG = 300
"""Names and texts of a definition, beyond which more of one task comes together by chance."""
_ADVICE = "Say what helps with any task, in words that fit any."


class TopicsGuard:
    """Blocks a sentence that fits one train task alone, and words of several tasks."""

    def __init__(self, instructions: Mapping[str, str]) -> None:
        self._topics = Topics(instructions)

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        old = read_before(before)
        seen = fresh(old, read(after))
        found = [*self._several(old.spelling, seen), *self._closest(seen)]
        found += self._definitions(old, read(after))
        return tuple(sorted(found, key=lambda one: one.severity != "block")[:1])

    def _closest(self, seen: Spelling) -> Iterator[Finding]:
        rows = [(self._topics.closest(text), line) for line, text in seen.lines()]
        (score, task, words), line = max(rows, default=((0.0, "", ()), 0))
        if score >= _NEARLY:
            text = (
                f"{', '.join(words)} together are what train task {task!r} is about, and hardly "
                f"any other. {_ADVICE}"
            )
            severity: Severity = "block" if score >= _CLOSE else "warn"
            yield Finding(rule=RULE, severity=severity, message=text, line=line)

    def _definitions(self, old: Program, new: Program) -> Iterator[Finding]:
        """Functions, classes and tables as a whole."""
        for one in definitions(old, new):
            score, task, told = self._topics.closest_of(one.words)
            if score >= _CLOSE + len(one.words) / _LONG:
                text = (
                    f"{', '.join(told)} in one definition: that is made for train task {task!r}. "
                    f"{_ADVICE}"
                )
                yield Finding(rule=RULE, severity="block", message=text, line=one.line)

    def _several(self, known: Spelling, seen: Spelling) -> Iterator[Finding]:
        words: dict[str, tuple[str, int]] = {}
        said = 0
        for line, text in seen.lines():
            said += text.count(" ")
            for word, task in self._topics.touched(text):
                if known.line_of(word) is None:
                    words.setdefault(task, (word, line))
        if len(words) >= _MANY_TASKS + said // _PROSE:
            shown = ", ".join(repr(word) for word, _ in sorted(words.values())[:5])
            text = f"{shown}: one train task each is about that, {len(words)} in all. {_ADVICE}"
            line = min(line for _, line in words.values())
            yield Finding(rule=RULE, severity="block", message=text, line=line)
