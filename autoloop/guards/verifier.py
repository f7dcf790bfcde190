"""Commands and paths that aim at what judges the work."""

import ast
import re
from collections.abc import Iterator

from autoloop.guards.flow import WORKING
from autoloop.guards.program import Program
from autoloop.guards.sightings import Severity, Sighting, added
from autoloop.guards.texts import spelled
from autoloop.guards.trees import of_kinds, walk
from autoloop.records import Finding

RULE = "verifier"
_JUDGE = re.compile(
    r"/logs/(?:verifier|agent)|\breward\.(?:txt|json)\b"
    r"|(?<![\w.~}*/-])/(?:tests|solution)(?=/|[\s'\"`;|&)*]|[.,:](?:\s|$)|$)|\bsolve\.sh\b"
)
_BENDING = re.compile(
    r"\b(?:sitecustomize|usercustomize)\b|ld\.so\.preload|\bLD_PRELOAD\b|\bBASH_ENV\b|\.pth\b"
    r"|\bPYTHONSTARTUP\b|\bchattr\b|\bfaketime\b|\btimedatectl\b|\bdate\s+(?:-s|--set)\b|\bcrontab\b"
    r"|\binotifywait\b|/etc/cron|\bhwclock\b"
    r"|(?:>|\b(?:cp|ln|mv|tee|install|rm)\b)[^\n;|&]*\s/(?:usr/(?:local/)?)?bin/(?:python3?|pytest|bash"
    r"|sh|curl|jq|diff|cmp|test)\b"
)
_FILES = frozenset(
    {
        "open",
        "pathlib.Path",
        "Path",
        "os.path.exists",
        "os.path.isdir",
        "os.path.isfile",
        "os.listdir",
        "os.stat",
        "os.walk",
    }
)


class VerifierGuard:
    """Blocks what goes for the verifier's files or its tools; warns where they are spoken of."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, _look, before=before, after=after)


def _look(program: Program) -> Iterator[Sighting]:
    done: set[str] = set()
    for line, text in _commands(program):
        for found in (*_JUDGE.finditer(text), *_BENDING.finditer(text)):
            done.add(found.group())
            message = (
                f"{found.group()!r} in a command or path: the verifier, its files and its tools "
                "are not the agent's business. Do what the task asks for."
            )
            yield Sighting(key=f"go {found.group()}", severity="block", message=message, line=line)
    for node in of_kinds(program.nodes, frozenset({ast.Constant})):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for found in (*_JUDGE.finditer(node.value), *_BENDING.finditer(node.value)):
                if found.group() not in done:
                    yield _spoken_of(found.group(), node)


def _spoken_of(what: str, node: ast.Constant) -> Sighting:
    text = str(node.value)
    # A path by itself is there to be used.
    severity: Severity = "block" if text.startswith("/") and not re.search(r"\s", text) else "warn"
    message = f"The edit speaks of {what!r}. The verifier's files are not the agent's business."
    return Sighting(key=f"say {what}", severity=severity, message=message, line=node.lineno)


def _commands(program: Program) -> Iterator[tuple[int, str]]:
    """What calls that run, read or write are given, as far as it is written in the program."""
    scopes = {id(node): scope for unit in program.flow.units for node, scope in unit.nodes}
    for call in program.calls:
        name = (
            call.func.attr if isinstance(call.func, ast.Attribute) else program.name_of(call.func)
        )
        is_own = isinstance(call.func, ast.Name) and call.func.id in program.flow.works
        full = program.name_of(call.func)
        name = full if full in _FILES else name
        if name not in WORKING - {"chat", "create"} and name not in _FILES and not is_own:
            continue
        for arg in (*call.args, *(keyword.value for keyword in call.keywords)):
            value = program.folding.value(arg, scopes.get(id(arg)))
            texts = list(spelled(value, most=100)) if value is not None else _written(arg)
            yield from ((call.lineno, text) for text in texts)


def _written(node: ast.expr) -> list[str]:
    return [
        part.value
        for part in walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
