"""A process of its own that searches texts, because a regular expression can run for ever.

Reads one JSON object from stdin: pattern, limit, width, texts (pairs of name and text). Writes a
JSON list of [name, line number, line], or a string that says why the pattern is no pattern.
"""

import json
import re
import sys


def main() -> None:
    """Answer the question on stdin."""
    question = json.load(sys.stdin)
    try:
        pattern = re.compile(question["pattern"], re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        json.dump(str(error), sys.stdout)
        return
    found: list[tuple[str, int, str]] = []
    for name, text in question["texts"]:
        for number, line in enumerate(text.splitlines(), start=1):
            match = pattern.search(line)
            if match:
                start = max(0, match.start() - question["width"] // 3)
                found.append((name, number, line[start : start + question["width"]]))
                if len(found) > question["limit"]:
                    json.dump(found, sys.stdout)
                    return
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
