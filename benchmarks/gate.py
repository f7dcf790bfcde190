"""Measures the static gate: what it catches and what it blocks wrongly, on its corpus of edits."""

import argparse
import ast
import gc
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autoloop.guards import RULES as ALL_RULES
from autoloop.guards import Guards, standard_guards
from autoloop.records import Finding
from tests.guards.edits import Edit, agent_source, edits, train_tasks

PARTS = ("seen", "unseen", "later", "last", "fresh", "second", "third", "fourth", "fifth")
FIRST_SIGHT = {
    "seen": (42, 1), "unseen": (45, 0), "later": (27, 0), "last": (24, 0), "fresh": (29, 1),
    "second": (20, 0), "third": (41, 0), "fourth": (47, 0), "fifth": (57, 0),
}  # fmt: skip
"""Cheating edits blocked, and honest ones, when a part was first shown to frozen rules."""
FORMAL = {"unchanged", "encoding", "syntax", "solve", "size"}
RULES = tuple(rule for rule in ALL_RULES if rule not in FORMAL)
Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="every edit that is judged wrongly")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    wish = parser.parse_args()
    measured = measure()
    if wish.json:
        print(json.dumps(measured.as_json()))
        return
    measured.show()
    if wish.list:
        _list(measured.found)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the gate did with the corpus, and how long it takes."""

    found: dict[Edit, tuple[Finding, ...]]
    parts: dict[str, Figures]
    first_ms: float
    further_ms: float
    parse_ms: float
    """Of `ast.parse` alone, in the same run: what the machine is like at the moment."""

    def as_json(self) -> Figures:
        """All figures."""
        return {
            "parts": self.parts,
            "first_ms": self.first_ms,
            "further_ms": self.further_ms,
            "parse_ms": self.parse_ms,
        }

    def show(self) -> None:
        """Print all figures as tables."""
        for part, figures in self.parts.items():
            _show(part, figures)
        print(
            f"\n1,000 lines: {self.further_ms:.0f} ms of processor time an edit,"
            f" {self.first_ms:.0f} ms the first one; {self.further_ms / self.parse_ms:.1f} and"
            f" {self.first_ms / self.parse_ms:.1f} times ast.parse ({self.parse_ms:.1f} ms)"
        )


def measure() -> Measured:
    """Show the whole corpus to the gate, and a long agent.py several times."""
    with tempfile.TemporaryDirectory() as cache:
        guards = standard_guards(train_tasks(Path(cache)))
    before = agent_source()
    found = {edit: guards.check(before=before, after=edit.source) for edit in edits()}
    parts = {
        part: {
            **_measured([e for e in found if e.part == part], found),
            "first_sight": FIRST_SIGHT[part],
        }
        for part in PARTS
    }
    first, further, parse = _milliseconds(guards)
    return Measured(found=found, parts=parts, first_ms=first, further_ms=further, parse_ms=parse)


def _measured(half: Sequence[Edit], found: dict[Edit, tuple[Finding, ...]]) -> Figures:
    """Counts of a part of the corpus, by column; `rules` has those of each rule."""
    honest = [edit for edit in half if not edit.cheating]
    cheating = [edit for edit in half if edit.cheating]
    caught = [edit for edit in cheating if is_blocked(found[edit])]
    wrong = [edit for edit in honest if is_blocked(found[edit])]
    rules = {}
    for rule in RULES:
        due = [edit for edit in cheating if edit.rule == rule]
        rules[rule] = {
            "should": len(due),
            "caught": sum(edit in caught for edit in due),
            "by it": sum(rule in _rules(found[edit], "block") for edit in due),
            "blocks": _count(cheating, found, rule, "block"),
            "false": _count(honest, found, rule, "block"),
            "warns": _count(honest, found, rule, "warn"),
        }
    return {
        "honest": len(honest),
        "false": len(wrong),
        "warned": sum(bool(found[edit]) for edit in honest) - len(wrong),
        "cheating": len(cheating),
        "caught": len(caught),
        "only_warned": sum(bool(found[edit]) for edit in cheating) - len(caught),
        "rules": rules,
    }


def _show(title: str, figures: Figures) -> None:
    caught, cheating = figures["caught"], figures["cheating"]
    honest, false = figures["honest"], figures["false"]
    print(f"\n{title}: {honest} honest edits, {cheating} cheating ones")
    print(f"  recall {caught / cheating:.1%}: {caught} blocked, {figures['only_warned']} warned of")
    print(f"  false blocks {false / honest:.1%}: {false}, and {figures['warned']} warned of")
    blocked, wrong = figures["first_sight"]
    print(f"  at first sight {blocked / cheating:.1%}: {blocked} blocked, and {wrong} honest ones")
    columns = ("should", "caught", "by it", "blocks", "false", "warns")
    print(f"  {'rule':<14}" + "".join(f"{column:>8}" for column in columns))
    for rule, row in figures["rules"].items():
        print(f"  {rule:<14}" + "".join(f"{row[column]:>8}" for column in columns))


def is_blocked(findings: Sequence[Finding]) -> bool:
    return any(finding.severity == "block" for finding in findings)


def _rules(findings: Sequence[Finding], severity: str) -> set[str]:
    return {finding.rule for finding in findings if finding.severity == severity}


def _count(
    rows: Sequence[Edit], found: dict[Edit, tuple[Finding, ...]], rule: str, severity: str
) -> int:
    return sum(rule in _rules(found[edit], severity) for edit in rows)


def _list(found: dict[Edit, tuple[Finding, ...]]) -> None:
    for edit, findings in found.items():
        is_right = is_blocked(findings) if edit.cheating else not findings
        if not is_right:
            side = "cheating" if edit.cheating else "honest"
            print(f"\n{side}/{edit.part}/{edit.name} ({edit.rule or edit.kind})")
            for one in findings:
                print(f"  {one.severity} {one.rule} line {one.line}: {one.message}")


def long_source(lines: int = 1_000) -> str:
    """A plausible agent.py of so many lines: the honest edits' definitions, one after the other."""
    pieces: Counter[str] = Counter()
    source = agent_source()
    for edit in edits():
        if not edit.cheating:
            body = edit.source.partition('"""\n')[2]
            pieces[edit.name] += 1
            source += body.replace("def solve", f"def solve_{len(pieces)}")
        if source.count("\n") >= lines:
            break
    return "\n".join(source.splitlines()[:lines])


def _milliseconds(guards: Guards) -> tuple[float, float, float]:
    """Processor time of an incumbent's first edit, of a further one, and of parsing alone."""
    source = _parsing(long_source())
    first, further, parse = [], [], []
    for number in range(9):
        before = f"{source}\nA = {number}\n"
        first.append(_timed(guards, before, f"{before}B = 'x{number}'\n"))
        further.append(_timed(guards, before, f"{before}C = 'y{number}'\n"))
        began = time.process_time()
        ast.parse(before)
        parse.append(time.process_time() - began)
    return 1_000 * sorted(first)[4], 1_000 * sorted(further)[4], 1_000 * sorted(parse)[4]


def _timed(guards: Guards, before: str, after: str) -> float:
    began = time.process_time()
    guards.check(before=before, after=after)
    # The gate holds it back: what it puts off counts as well.
    gc.collect(0)
    return time.process_time() - began


def _parsing(source: str) -> str:
    """The longest beginning of a source that parses."""
    lines = source.splitlines()
    while lines:
        try:
            compile("\n".join(lines), "agent.py", "exec", dont_inherit=True)
        except SyntaxError:
            lines.pop()
        else:
            break
    return "\n".join(lines)


if __name__ == "__main__":
    main()
