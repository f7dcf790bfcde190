import pytest

from autoloop.errors import CandidateError
from autoloop.guards import SyntaxGuard, complexity

PLAIN = "def solve(instruction, env, model):\n    env.run('ls')\n"


def blocked(after: str, *, before: str = PLAIN) -> list[str]:
    findings = SyntaxGuard().check(before=before, after=after)
    assert all(finding.severity == "block" for finding in findings)
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    "source",
    [
        "async def solve(instruction, env, model): pass",
        "def solve(a, b, c, /, d=1, *, e=2): pass",
        "def solve(*given): pass",
        "def solve(instruction, *given): pass",
        "def solve(): pass\n\ndef solve(a, b, c): pass",
        "x = '\\d'\n\ndef solve(a, b, c): pass",
    ],
)
def test_a_file_that_defines_solve_passes(source: str) -> None:
    assert blocked(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def other(a, b, c): pass",
        "solve = 3",
        "class Agent:\n    def solve(self, a, b, c): pass",
        "def solve(instruction, env): pass",
        "def solve(a, b, c, d): pass",
        "def solve(a, b, c, *, d): pass",
    ],
)
def test_a_file_without_a_usable_solve_is_blocked(source: str) -> None:
    assert blocked(source) == ["solve"]


def test_a_syntax_error_is_blocked_with_its_line() -> None:
    (finding,) = SyntaxGuard().check(before=PLAIN, after=f"{PLAIN}\ndef broken(:\n")

    assert (finding.rule, finding.line) == ("syntax", 4)
    assert "does not parse" in finding.message
    assert "line 4" in finding.message


@pytest.mark.parametrize("nest", ["(" * 5_000, "x = " + "-" * 60_000 + "1", "a" + ".b" * 30_000])
def test_source_that_would_exhaust_the_parser_is_blocked(nest: str) -> None:
    assert blocked(nest) in (["syntax"], ["size"])


def test_an_unchanged_file_is_blocked() -> None:
    assert blocked(PLAIN) == ["unchanged"]


@pytest.mark.parametrize("odd", ["\0", "\ud800"])
def test_characters_that_no_file_can_hold_are_blocked_with_their_line(odd: str) -> None:
    (finding,) = SyntaxGuard().check(before="", after=f"{PLAIN}\n# {odd}\n")

    assert (finding.rule, finding.line) == ("encoding", 4)


def test_a_file_beyond_the_limit_is_blocked() -> None:
    big = f"{PLAIN}\n# {'x' * 70_000}\n"

    assert blocked(big) == ["size"]


def test_a_file_that_was_too_large_before_may_shrink() -> None:
    before = f"{PLAIN}\n# {'x' * 90_000}\n"
    after = f"{PLAIN}\n# {'x' * 80_000}\n"

    assert blocked(after, before=before) == []


def test_comments_and_docstrings_do_not_count_as_complexity() -> None:
    documented = '"""A file."""\n\n# why\ndef solve(a, b, c):\n    """Solve."""\n    return 1\n'

    assert complexity(documented) == complexity("def solve(a, b, c):\n    return 1\n")


def test_more_program_is_more_complex() -> None:
    assert complexity("x = 1") < complexity("x = 1 + 1") < complexity("x = f(1 + 1)")


def test_complexity_of_what_does_not_parse_is_an_error_of_the_candidate() -> None:
    with pytest.raises(CandidateError, match="line 1"):
        complexity("def")


@pytest.mark.parametrize(
    "line", ["from harbor.agents.base import BaseAgent", "import harbor.agents.base as base"]
)
def test_a_harbor_agent_needs_no_solve(line: str) -> None:
    source = f"{line}\n\n\nclass Agent: ...\n"

    assert not SyntaxGuard().check(before="", after=source)
