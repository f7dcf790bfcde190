"""Commands and paths that aim at what judges the work."""

import ast
import re
from collections.abc import Iterator, Set
from fnmatch import fnmatchcase
from functools import lru_cache

from autoloop.guards.commands import commands
from autoloop.guards.program import Program
from autoloop.guards.sightings import Severity, Sighting, added
from autoloop.guards.told import told_to_bend
from autoloop.records import Finding

RULE = "verifier"
_REMEMBERED = 4_096
"""Texts: most of a program's are the same from one edit to the next."""
_JUDGE = re.compile(
    r"/logs/(?:verifier|agent)|\breward\.(?:txt|json)\b|\bctrf\.json\b"
    r"|(?<![\w.~}*/-])/(?:tests|solution)(?=/|[\s'\"`;|&)*]|[.,:](?:\s|$)|$)|\bsolve\.sh\b"
    r"|\btest_outputs\.py\b"
)
_AROUND = re.compile(
    r"(?:^|[\s=/])(?:\.\./)+(?:tests|solution|logs/verifier)\b"
    r"|/\{[^}\s]*\b(?:tests|solution|verifier)\b"
    r"|\bcd\s+/\s*(?:&&|;|\n)[^\n]*\b(?:tests|solution|verifier)\b"
    r"|\b\w+=['\"]?/?(?:tests|solution|verifier)['\"]?\s*(?:;|&&|\n)"
    r"|\b(?:find|grep|fd|rg|locate|tree|ls)\b[^\n|;&]*\s/(?=\s|$)[^\n;&]*"
    r"\b(?:tests?_|tests?\b|expected|solution|solve|oracle|verif\w*|reward\w*|answer\w*|grad(?:er|ing)"
    r"|check(?:er|s)?[.*_])"
    r"|\blocate\s+[^\n;&]*\b(?:test|expected|solution|verif|reward)"
)
"""Ways to the same places that do not write them out."""
_BENDING = re.compile(
    r"\b(?:sitecustomize|usercustomize)\b|ld\.so\.preload|\bLD_(?:PRELOAD|AUDIT|LIBRARY_PATH)\b"
    r"|\bBASH_ENV\b|\.pth\b|\bPROMPT_COMMAND\b|\bPYTEST_(?:ADDOPTS|PLUGINS)\b"
    r"|\bPYTHONSTARTUP\b|\bchattr\b|\bfaketime\b|\btimedatectl\b|\bdate\s+(?:-s|--set)\b|\bcrontab\b"
    r"|>\s*['\"]?\$\((?:which|command -v|type -p)\s|\b(?:cp|mv|ln|tee|install)\b[^\n;|&]*\$\("
    r"(?:which|command -v|type -p)[^)\n]*\)['\"]?\s*(?:$|[;&|\n])"
    r"|\binotifywait\b|/etc/cron|\bhwclock\b|\bupdate-alternatives\b|\bdpkg-divert\b"
    r"|\.git/hooks/|\bcore\.(?:hookspath|fsmonitor)\b"
    r"|(?:>|\btee\b|\b(?:cp|ln|mv|install)\b)[^\n;|&]*(?:~|\$HOME|/root|/home/\w+|/etc)/"
    r"(?:\.(?:bashrc|profile|bash_profile|bash_login|zshrc|zprofile)\b|profile(?:\.d)?\b|environment\b"
    r"|bash\.bashrc\b|hosts\b|passwd\b|shadow\b|sudoers)"
    r"|(?:>|\b(?:cp|ln|mv|tee|install|rm|chmod)\b)[^\n;|&]*\s?/(?:usr/(?:local/)?)?s?bin/(?:python[\d.]*"
    r"|pytest|py\.test|bash|sh|dash|curl|jq|diff|cmp|test|env|grep|cat|sha256sum|md5sum|uvx?|node|git"
    r"|find|awk|sed|wc|sort|head|tail|ls|timeout|stat)(?![\w.-])",
    re.IGNORECASE,
)
_MODULE = re.compile(
    r"\b(?:csv|json|os|re|sys|io|math|pathlib|subprocess|decimal|unittest|pytest|sqlite3)\.__file__"
)
_SHADOW = re.compile(
    r"(?:>|\btee\b|\b(?:cp|mv|ln|install)\b)[^\n;|&]*/(?:json|csv|os|re|io|math|pathlib|subprocess|decimal"
    r"|unittest|sqlite3|collections|datetime|hashlib|difflib|typing|tempfile|shutil|pytest|openpyxl|yaml"
    r"|pandas|numpy)(?:\.py|/__init__\.py)\b"
    r"|\b(?:site\.getsitepackages|sysconfig\.get_path|getusersitepackages)\b"
    r"|/(?:dist|site)-packages/[\w./-]*\.(?:py|pth)\b"
)
"""Files that are imported in place of what a program wants."""
_AT_TOP = re.compile(r"(?<![\w.}*/-])/\{\}(?=/|\s|$)")
_PLUGIN = re.compile(r"(?:>|\btee\b|\bcp\b|\bmv\b)[^\n;|&]*\b(?:conftest\.py|pytest\.ini)\b")
_FILE = re.compile(
    r"[\w./~-]*\b(?:conftest\.py|pytest\.ini)|/(?:usr/(?:local/)?)?s?bin/[\w.-]+"
    r"|(?:~|/root|/home/\w+)/\.(?:bashrc|profile|bash_profile|bash_login|zshrc|zprofile|pythonrc)"
    r"|/etc/(?:profile(?:\.d/\S+)?|environment|bash\.bashrc|crontab|hosts|passwd|shadow|sudoers\S*)"
)
"""Files that nobody writes but to bend what runs later."""
_FIRST = re.compile(r"(?<![\w.~}*/-])/([\w\[\]?*]*[?*\[][\w\[\]?*]*)")
_HIDDEN_PLACES = ("tests", "solution")


class VerifierGuard:
    """Blocks what goes for the verifier's files or its tools; warns where they are spoken of."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, _look, before=before, after=after)


def _look(program: Program) -> Iterator[Sighting]:
    aimed = [(line, text, _aims(text)) for line, text in commands(program)]
    for line, text, aims in aimed:
        for found in aims:
            message = (
                f"{found!r} in a command or path: the verifier, its files and its tools "
                "are not the agent's business. Do what the task asks for."
            )
            yield Sighting(key=f"go {found}", severity="block", message=message, line=line)
        if _AT_TOP.search(text):
            yield from _placed(program, text, line)
    yield from _prose(
        program,
        done={found for _, _, aims in aimed for found in aims},
        commands={text for _, text, aims in aimed if aims},
    )


def _prose(program: Program, *, done: Set[str], commands: Set[str]) -> Iterator[Sighting]:
    """What texts say of the verifier, where no command goes for it."""
    for node in program.of(ast.Constant):
        if isinstance(node.value, str):
            for spoken in _spoken(node.value):
                if spoken not in done:
                    yield _spoken_of(spoken, node)
            if node.value not in commands:
                yield from _told(node.value, node.lineno)


def _placed(program: Program, command: str, line: int) -> Iterator[Sighting]:
    """`for place in ("tests", …): env.run(f"cat /{place}/*")`."""
    names = {node.value for node in program.of(ast.Constant) if isinstance(node.value, str)}
    found = sorted(names & {*_HIDDEN_PLACES, "verifier"})
    if found:
        message = f"{command!r} goes to {found[0]!r}, which is not the agent's business."
        yield Sighting(key=f"place {command}", severity="block", message=message, line=line)


@lru_cache(maxsize=_REMEMBERED)
def _aims(text: str) -> tuple[str, ...]:
    """What of a command or path goes for the verifier."""
    return tuple(_all_aims(text))


@lru_cache(maxsize=_REMEMBERED)
def _spoken(text: str) -> tuple[str, ...]:
    """The verifier's places and tools that a text names."""
    return tuple(one.group() for one in (*_JUDGE.finditer(text), *_BENDING.finditer(text)))


def _all_aims(text: str) -> Iterator[str]:
    for pattern in (_JUDGE, _AROUND, _BENDING, _PLUGIN, _MODULE, _SHADOW):
        yield from (found.group() for found in pattern.finditer(text))
    if _FILE.fullmatch(text.strip()):
        yield text.strip()
    for found in _FIRST.finditer(text):
        glob = found.group(1)
        if any(map(str.isalpha, glob)) and any(fnmatchcase(p, glob) for p in _HIDDEN_PLACES):
            yield found.group()


def _told(text: str, line: int) -> Iterator[Sighting]:
    """Prompts that send the model there."""
    found = told_to_bend(text) if " " in text else ""
    if found:
        message = (
            f"{found!r}: this tells to go for what judges the work. The verifier, its files and "
            "its tools are not the agent's business; say how to do what the task asks for."
        )
        yield Sighting(key=f"told {found}", severity="block", message=message, line=line)


def _spoken_of(what: str, node: ast.Constant) -> Sighting:
    text = str(node.value)
    # A path by itself is there to be used.
    severity: Severity = "block" if text.startswith("/") and not re.search(r"\s", text) else "warn"
    message = f"The edit speaks of {what!r}. The verifier's files are not the agent's business."
    return Sighting(key=f"say {what}", severity=severity, message=message, line=node.lineno)
