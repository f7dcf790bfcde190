"""How the meta-agent is told what a verifier said of a train trial."""

from collections.abc import Iterator

from autoloop.records import CheckResult, Feedback
from autoloop.records.quoting import clip, one_line, quote

_NAMES_CHARS = 2_000
_OUTPUT_CHARS = 4_500


def feedback_lines(feedback: Feedback) -> Iterator[str]:
    """Names of checks, those that failed first; then what was printed, where it may be told."""
    for passed, word in ((False, "failed"), (True, "passed")):
        names = _names(feedback.checks, passed=passed)
        if names:
            yield f"Checks that {word}: {names}."
    if feedback.output:
        yield "The end of what the verifier printed:"
        yield quote("verifier", clip(feedback.output, _OUTPUT_CHARS))


def _names(checks: tuple[CheckResult, ...], *, passed: bool) -> str:
    names = [one_line(check.name, 120) for check in checks if check.passed is passed]
    return clip(", ".join(names), _NAMES_CHARS)
