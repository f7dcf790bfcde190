"""Dockerfiles as they are written: instructions, heredocs, and what only BuildKit can build."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

DIRECTIVE = re.compile(r"#\s*(?P<name>[a-zA-Z]+)\s*=\s*(?P<value>.+?)\s*$")
WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
HEREDOC = re.compile(r"\d*<<(?P<chomp>-?)(?P<name>[^<]+)$")
FLAG = re.compile(r"--([a-z-]+)(?:=\S*)?\s+")
HEAD = re.compile(rf"\s*(?P<name>\S+)\s*(?P<rest>(?P<flags>(?:{FLAG.pattern})*).*)", re.DOTALL)
WITH_HEREDOCS = {"RUN", "COPY", "ADD"}
ONLY_BUILDKIT = {
    "RUN": {"mount", "network", "security", "device"},
    "COPY": {"chmod", "parents", "exclude"},
    "ADD": {"chmod", "checksum", "exclude", "keep-git-dir", "unpack"},
}
"""Flags of instructions that the classic builder does not know; `--link` is dropped for it."""
AUTOMATIC = frozenset(
    f"{side}{part}"
    for side in ("TARGET", "BUILD")
    for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
"""ARGs that BuildKit gives by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """Text between an instruction and its end word."""

    word: str
    """As the instruction has it, such as `<<-"EOF"`."""
    name: str
    text: str
    """All lines, each with its newline."""
    expands: bool
    """Whether variables in it are replaced."""
    chomps: bool
    """Whether leading tabs are not part of it."""

    @property
    def content(self) -> str:
        """The text as a file has it."""
        return re.sub(r"^\t+", "", self.text, flags=re.MULTILINE) if self.chomps else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, its lines joined."""

    line: int
    """Number of its first line, from 1."""
    name: str
    """In capitals."""
    flags: str
    """Its flags, as written, each with the space behind it."""
    rest: str
    lines: tuple[str, ...]
    """As they stand in the file, heredocs included."""
    heredocs: tuple[Heredoc, ...] = ()

    @property
    def flag_names(self) -> frozenset[str]:
        """Names of its flags."""
        return frozenset(FLAG.findall(self.flags))

    @property
    def has_only_heredocs(self) -> bool:
        """Whether nothing but heredocs is copied."""
        return bool(self.heredocs) and len(WORD.findall(self.rest)) == len(self.heredocs) + 1

    @property
    def buildkit_need(self) -> str | None:
        """What of it the classic builder cannot do, even when it is rewritten."""
        flags = self.flag_names & ONLY_BUILDKIT.get(self.name, set())
        if self.has_only_heredocs:
            # We make the files, and with them their modes.
            flags -= {"chmod"}
        if flags:
            return f"{self.name} --{min(flags)}"
        is_git = self.name == "ADD" and re.search(r"\.git(#\S*)?\s", f"{self.rest} ")
        return "ADD of a git repository" if is_git else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A Dockerfile, taken apart."""

    instructions: tuple[Instruction, ...]
    syntax_line: int | None
    """Number of the line that names a frontend image, from 1."""
    escape: str
    """What a line that goes on ends with."""

    @property
    def is_classic(self) -> bool:
        """Whether nothing in it is beyond the classic builder."""
        return self.syntax_line is None and not any(map(_is_modern, self.instructions))


def parse(text: str) -> Dockerfile:
    """Take a Dockerfile apart; what is wrong in it is left to the builder to say."""
    lines = text.splitlines()
    directives = _directives(lines)
    escape, _ = directives.get("escape", ("\\", 0))
    return Dockerfile(
        instructions=tuple(_instructions(lines, escape)),
        syntax_line=directives["syntax"][1] if "syntax" in directives else None,
        escape=escape,
    )


def _directives(lines: list[str]) -> dict[str, tuple[str, int]]:
    """Value and line number of the parser directives, which only the first lines can be."""
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, 1):
        match = DIRECTIVE.match(line)
        if match is None:
            break
        found.setdefault(match["name"].lower(), (match["value"], number))
    return found


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    goes_on = re.compile(rf"{re.escape(escape)}[ \t]*$")
    at = 0
    while at < len(lines):
        first = at
        at += 1
        if not lines[first].strip() or lines[first].lstrip().startswith("#"):
            continue
        joined, more = _joined(lines, first, goes_on)
        heredocs, at = _heredocs(joined, lines, more)
        name, rest, flags = _head(joined)
        yield Instruction(
            line=first + 1,
            name=name,
            flags=flags,
            rest=rest[len(flags) :],
            lines=tuple(lines[first:at]),
            heredocs=heredocs,
        )


def _head(joined: str) -> tuple[str, str, str]:
    """The name of an instruction, all that follows it, and the flags which that begins with."""
    match = HEAD.match(joined)
    if match is None:
        raise AssertionError("a line that is not blank has a first word")
    return match["name"].upper(), match["rest"].rstrip(), match["flags"]


def _joined(lines: list[str], first: int, goes_on: re.Pattern[str]) -> tuple[str, int]:
    """The logical line that begins at `first`, and where the next one begins."""
    joined, at = "", first
    while at < len(lines):
        line = lines[at]
        at += 1
        is_inside = at - 1 > first
        if is_inside and (not line.strip() or line.lstrip().startswith("#")):
            continue
        if not goes_on.search(line):
            return joined + line, at
        joined += goes_on.sub("", line)
    return joined, at


def _heredocs(joined: str, lines: list[str], at: int) -> tuple[tuple[Heredoc, ...], int]:
    """The heredocs that a logical line begins, and where they end; none when one has no end."""
    name, rest, flags = _head(joined)
    if name not in WITH_HEREDOCS or exec_form(rest[len(flags) :]) is not None:
        return (), at
    found, end = [], at
    for word in WORD.findall(rest):
        match = HEREDOC.match(word)
        if match is None:
            continue
        mark, chomps = match["name"].strip("'\""), bool(match["chomp"])
        stops = (
            number
            for number in range(end, len(lines))
            if (lines[number].lstrip("\t") if chomps else lines[number]) == mark
        )
        stop = next(stops, None)
        if stop is None:
            return (), at
        text = "".join(f"{line}\n" for line in lines[end:stop])
        is_bare = mark == match["name"]
        found.append(Heredoc(word=word, name=mark, text=text, expands=is_bare, chomps=chomps))
        end = stop + 1
    return tuple(found), end


def exec_form(rest: str) -> tuple[str, ...] | None:
    """The words of a JSON list, as in `CMD ["a", "b"]`; None where it is no such list."""
    try:
        words = json.loads(rest)
    except (ValueError, RecursionError):
        return None
    return tuple(map(str, words)) if isinstance(words, list) else None


def _is_modern(instruction: Instruction) -> bool:
    if instruction.heredocs or instruction.buildkit_need or "link" in instruction.flag_names:
        return True
    if instruction.name == "FROM":
        return "$" in instruction.flags
    return instruction.name == "ARG" and instruction.rest.partition("=")[0] in AUTOMATIC
