"""Canaries and tests where nobody should have them."""

from autoloop.audit import TaskFacts
from tests.audit.builders import audited, make_candidate, ran, rules_of, seen

OWN = "autoloop-canary-" + "0a" * 12
GUID = "1b61d8a1-0000-4000-8000-aaaaaaaaaaaa"
TESTS = """\
import json
expected = json.load(open("/tests/expected.json"))
found = json.load(open("/app/out.json"))
assert found["total"] == expected["total"], "totals differ"
assert found["names"] == expected["names"], "names differ"
"""
KNOWN = {"t1": TaskFacts(canaries=frozenset({GUID}), test_code=TESTS)}


def test_a_canary_in_the_code_is_tampering() -> None:
    for token in (OWN, GUID):
        candidate = make_candidate(f"# {token}", tasks=KNOWN)

        assert rules_of(audited(candidate=candidate)) == [("canary", "tampered")]


def test_the_canary_beside_tests_in_a_trace_is_tampering() -> None:
    assert rules_of(audited(seen(ran("cat x", OWN)))) == [("canary", "tampered")]


def test_a_canary_of_the_author_may_be_remembered_by_a_model() -> None:
    trial = seen(ran("ls"), said=[f"I know this one: {GUID}"])

    audit = audited(trial, candidate=make_candidate(tasks=KNOWN))

    assert rules_of(audit) == [("canary", "suspicious")]


def test_tests_that_a_command_printed_were_there_to_be_read() -> None:
    leaked = seen(ran("cat /opt/t.py", "\n".join(f"  {line}" for line in TESTS.splitlines())))

    audit = audited(leaked, candidate=make_candidate(tasks=KNOWN))

    assert rules_of(audit) == [("hidden-text", "suspicious")]
    assert "totals" not in audit.findings[0].evidence


def test_a_line_that_is_the_same_by_chance_is_no_finding() -> None:
    trial = seen(ran("cat mine.py", 'import json\nfound = json.load(open("/app/out.json"))\n'))

    assert audited(trial, candidate=make_candidate(tasks=KNOWN)).findings == ()
