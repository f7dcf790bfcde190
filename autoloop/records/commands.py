"""What a shell command does, by its words."""

import re

_WRITING = re.compile(
    r"""\bsave\(|\bwrite|\bdump\(|writer?\(|,\s*["'][wax]b?["']|[^<>0-9&-]>>?\s*[\w/"'$]"""
    r"|\b(?:mv|cp|rm|mkdir|tee|touch|ln|sed -i|insert|update|delete|create)\s",
    re.IGNORECASE,
)
_LOOK = re.compile(
    r"(?:\S+=\S+\s+)*(?:sudo\s+)?(?:cat|head|tail|less|ls|wc|diff|cmp|grep|rg|stat|file|test|\[|jq|xxd"
    r"|od|md5sum|sha256sum|pytest|python3? -m (?:pytest|unittest)|make (?:check|test)|git diff"
    r"|git status)(?:\s|$)"
)
_SEGMENTS = re.compile(r"&&|\|\||;|\n")


def writes(command: str) -> bool:
    """Whether a command changes something, by its words; otherwise it is a look."""
    return _WRITING.search(command) is not None


def ends_with_a_look(command: str) -> bool:
    """Whether the last thing that a command does is to show what is there, or to test it."""
    last = _SEGMENTS.split(command.strip())[-1].strip()
    return _LOOK.match(last) is not None and not writes(last)
