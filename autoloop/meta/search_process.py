"""A process of its own that searches texts, because a regular expression can run for ever.

Reads lines of JSON from stdin: first an object of pattern, limit and width, then lists of name,
number and text. Writes a JSON list of [name, number, line], or a string that says why the pattern
is no pattern. It stops reading as soon as it has found enough.
"""

import json
import os
import re
import sys
from collections.abc import Iterator


def main() -> None:
    """Answer the question on stdin."""
    question = json.loads(sys.stdin.readline())
    try:
        pattern = re.compile(question["pattern"], re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        answer(str(error))
        return
    found: list[tuple[str, int, str]] = []
    for match in matches(pattern, question["width"]):
        found.append(match)
        if len(found) > question["limit"]:
            break
    answer(found)


def matches(pattern: re.Pattern[str], width: int) -> Iterator[tuple[str, int, str]]:
    """Every line that matches, or as much of it as stands around the match."""
    for passage in sys.stdin:
        name, number, text = json.loads(passage)
        for line in text.splitlines():
            match = pattern.search(line)
            if match:
                start = max(0, match.start() - width // 3)
                yield name, number, line[start : start + width]


def answer(found: str | list[tuple[str, int, str]]) -> None:
    """Say it; whoever still has something to send is told first that it is not wanted."""
    os.close(0)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
