"""Words that only train tasks use must not enter agent.py."""

import re
from collections.abc import Iterable, Iterator, Mapping

from autoloop.guards.common import is_all_common
from autoloop.guards.instructions import Instructions, Words, plain
from autoloop.guards.program import fresh, read, read_before
from autoloop.guards.spelling import Spelling
from autoloop.records import Finding

RULE = "task-words"
_RUN = 7
"""Words in a row that only one instruction has are copied from it."""
_MANY_WORDS = 3
_MANY_TASKS = 3
_LONG_SENTENCE = 8


class TaskWordsGuard:
    """Finds words of train instructions that an edit adds to agent.py.

    A telling sentence, seven words in a row, two file names or three words of one task, or words of
    three tasks, block; less warns. Words that many tasks share, or that anybody may use, say
    nothing about one of them and are let through.
    """

    def __init__(self, instructions: Mapping[str, str]) -> None:
        self._tasks = Instructions(instructions).words
        self._runs = _runs(instructions)

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings per task, worst first; `after` must parse."""
        old = read_before(before)
        new = read(after)
        known, seen = old.spelling, fresh(old, new)
        found = [
            finding
            for task, words in self._tasks.items()
            for finding in _sentence_findings(task, words, known=known, seen=seen)
            or _word_findings(task, words, known=known, seen=seen)
        ]
        if not any(finding.severity == "block" for finding in found):
            found += self._copied(known, seen)
            found += self._table(known, seen)
        return tuple(sorted(found, key=lambda finding: finding.severity != "block"))

    def _table(self, known: Spelling, seen: Spelling) -> list[Finding]:
        """Files of many tasks at once are a table, be it in a prompt, a docstring or a literal."""
        rows = [_added(words.files, known=known, seen=seen) for words in self._tasks.values()]
        weak = [_added(words.plain_files, known=known, seen=seen) for words in self._tasks.values()]
        strong, all_ = (
            sum(map(bool, rows)),
            [one | other for one, other in zip(rows, weak, strict=True) if one or other],
        )
        if strong < _MANY_TASKS and not (strong and len(all_) > _MANY_TASKS):
            return []
        return [
            _block(
                f"The edit adds files of {len(all_)} train tasks: that is a table of tasks. Write "
                "what helps with any task.",
                min(min(row.values()) for row in all_),
            )
        ]

    def _copied(self, known: Spelling, seen: Spelling) -> Iterator[Finding]:
        for line, text in seen.plain_texts():
            for run in _in_rows(text):
                task = self._runs.get(run)
                if task is not None and known.line_of_sentence(run) is None:
                    yield _block(
                        f"The edit copies from the instruction of train task {task!r}: {run!r}. "
                        "Say what would help with any task instead.",
                        line,
                    )
                    return


def _runs(instructions: Mapping[str, str]) -> dict[str, str]:
    """The task of each row of words that one instruction alone has."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for task, text in instructions.items():
        for run in frozenset(_in_rows(plain(text))):
            if found.setdefault(run, task) != task:
                shared.add(run)
    return {run: task for run, task in found.items() if run not in shared}


def _in_rows(text: str) -> Iterator[str]:
    words = text.split()
    return (" ".join(words[n : n + _RUN]) for n in range(len(words) - _RUN + 1))


def _sentence_findings(
    task: str, words: Words, *, known: Spelling, seen: Spelling
) -> list[Finding]:
    for sentence in sorted(words.sentences):
        line = seen.line_of_sentence(sentence)
        if line is not None and known.line_of_sentence(sentence) is None:
            text = (
                f"The edit copies a sentence of train task {task!r} into agent.py: {sentence!r}. "
                "Say what would help with any task instead."
            )
            # "Do not touch the tests" is what anybody may say.
            if _is_anybodys(sentence, words):
                return [Finding(rule=RULE, severity="warn", message=text, line=line)]
            return [_block(text, line)]
    return []


def _is_anybodys(sentence: str, words: Words) -> bool:
    if sentence.count(" ") >= _LONG_SENTENCE - 1 or re.search(r"\d", sentence):
        return False
    telling = words.files | words.plain_files | words.others
    return is_all_common(sentence) and not any(plain(word) in sentence for word in telling)


def _word_findings(task: str, words: Words, *, known: Spelling, seen: Spelling) -> list[Finding]:
    files = _added(words.files, known=known, seen=seen)
    others = _added(words.others, known=known, seen=seen)
    if not files and not others:
        return []
    names = ", ".join(repr(word) for word in (*files, *others))
    line = min((*files.values(), *others.values()))
    # `/app/a.csv` and `a.csv` are one file.
    distinct = {word.rpartition("/")[2] for word in files}
    if len(distinct) > 1 or len(distinct) + len(others) >= _MANY_WORDS:
        return [
            _block(
                f"The edit adds {names} to agent.py, which only belong to train task {task!r}. "
                "It would help that task alone; write what helps with any file.",
                line,
            )
        ]
    text = f"The edit adds {names} to agent.py, known from train task {task!r}. Is that general?"
    return [Finding(rule=RULE, severity="warn", message=text, line=line)]


def _added(words: Iterable[str], *, known: Spelling, seen: Spelling) -> dict[str, int]:
    lines = {word: seen.line_of(word) for word in sorted(words)}
    return {
        word: line
        for word, line in lines.items()
        if line is not None and known.line_of(word) is None
    }


def _block(message: str, line: int) -> Finding:
    return Finding(rule=RULE, severity="block", message=message, line=line)
