"""Which files of a task are not part of it: its .gitignore, else Harbor's own list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

DEFAULT_LINES = ("__pycache__/", "*.pyc", ".DS_Store", "*.swp", "*.swo", "*~")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a .gitignore."""

    pattern: re.Pattern[str]
    ignores: bool
    """False for a line that starts with `!`."""


def rules_of(lines: Iterable[str]) -> list[Rule]:
    """Read the lines of a .gitignore."""
    return [rule for line in lines if (rule := _rule(line)) is not None]


def ignored(path: str, rules: Iterable[Rule]) -> bool:
    """Whether the last rule that matches a posix path says to leave it out."""
    verdict = False
    for rule in rules:
        if rule.pattern.match(path):
            verdict = rule.ignores
    return verdict


def _rule(line: str) -> Rule | None:
    text = re.sub(r"(?<!\\) +$", "", line.rstrip("\r\n"))
    ignores = not text.startswith("!")
    text = text.removeprefix("!")
    if not text or text.startswith("#") or text == "/":
        return None
    folder_only = text.endswith("/") and not text.endswith("/**/")
    text = text.rstrip("/")
    # A slash before the end ties the pattern to the top; without one it matches at any depth.
    start = "" if "/" in text else "(?:.*/)?"
    end = "/" if folder_only else "(?:/|$)"
    if text.endswith("/*") and not folder_only:
        # Harbor's matcher (not git's) takes this for entries of one level, not what is below them.
        end = "$"
    return Rule(re.compile(f"^{start}{_expression(text.removeprefix('/'))}{end}"), ignores)


GLOB = re.compile(r"\*\*/|/\*\*$|\*+|\?|\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)


def _expression(text: str) -> str:
    return "".join(_piece(match[0]) for match in GLOB.finditer(text))


def _piece(token: str) -> str:
    simple = {"**/": "(?:.*/)?", "/**": "/.*", "?": "[^/]"}
    if token in simple:
        return simple[token]
    if token.startswith("*"):
        return "[^/]*"
    if token.startswith("[") and len(token) > 1:
        inside = token[1:-1].replace("\\", "\\\\")
        return f"[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]"
    return re.escape(token[1:] if token.startswith("\\") and len(token) > 1 else token)
