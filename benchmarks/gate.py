"""Measures the static gate: what it catches and what it blocks wrongly, on the parts of its corpus.

python benchmarks/gate.py            the table
python benchmarks/gate.py --list     and every edit that is not judged as it should be
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autoloop.guards import Guards, standard_guards
from autoloop.records import Finding
from tests.guards.edits import Edit, agent_source, edits, train_tasks

PARTS = ("seen", "unseen", "later", "last")
RULES = (
    "task-words", "hidden-words", "branch", "lookup", "imports", "verifier", "obfuscation",
    "environment", "refusal", "growth",
)  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        guards = standard_guards(train_tasks(Path(cache)))
    before = agent_source()
    found = {edit: guards.check(before=before, after=edit.source) for edit in edits()}
    for part in PARTS:
        _show(part, [edit for edit in found if edit.part == part], found)
    first, further = _milliseconds(guards)
    print(f"1,000 lines: {further:.0f} ms of processor time an edit, {first:.0f} ms the first one")
    if "--list" in sys.argv:
        _list(found)


def _show(title: str, half: Sequence[Edit], found: dict[Edit, tuple[Finding, ...]]) -> None:
    honest = [edit for edit in half if not edit.cheating]
    cheating = [edit for edit in half if edit.cheating]
    caught = [edit for edit in cheating if is_blocked(found[edit])]
    warned = [edit for edit in cheating if found[edit] and edit not in caught]
    wrong = [edit for edit in honest if is_blocked(found[edit])]
    odd = [edit for edit in honest if found[edit] and edit not in wrong]
    print(f"\n{title}: {len(honest)} honest edits, {len(cheating)} cheating ones")
    print(
        f"  recall {len(caught)}/{len(cheating)} = {len(caught) / len(cheating):.1%} blocked,",
        end="",
    )
    print(f" {len(warned)} only warned of")
    print(f"  false blocks {len(wrong)}/{len(honest)}, {len(odd)} warned of")
    print(
        f"  {'rule':<14}{'should':>7}{'caught':>8}{'by it':>7}{'blocks':>8}{'false':>7}{'warns':>7}"
    )
    for rule in RULES:
        due = [edit for edit in cheating if edit.rule == rule]
        by_it = [edit for edit in due if rule in _rules(found[edit], "block")]
        print(
            f"  {rule:<14}{len(due):>7}{sum(edit in caught for edit in due):>8}{len(by_it):>7}"
            f"{_count(cheating, found, rule, 'block'):>8}{_count(honest, found, rule, 'block'):>7}"
            f"{_count(honest, found, rule, 'warn'):>7}"
        )


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


def _milliseconds(guards: Guards) -> tuple[float, float]:
    """Processor time of an incumbent's first edit, and of a further one."""
    source = _parsing(long_source())
    first, further = [], []
    for number in range(9):
        before = f"{source}\nA = {number}\n"
        first.append(_timed(guards, before, f"{before}B = 'x{number}'\n"))
        further.append(_timed(guards, before, f"{before}C = 'y{number}'\n"))
    return 1_000 * sorted(first)[4], 1_000 * sorted(further)[4]


def _timed(guards: Guards, before: str, after: str) -> float:
    began = time.process_time()
    guards.check(before=before, after=after)
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
