"""Behaviour that depends on where and when the agent runs."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from autoloop.guards.flow import Unit
from autoloop.guards.folding import Scope
from autoloop.guards.program import Program
from autoloop.guards.sightings import Sighting, added, quote
from autoloop.guards.trees import children, of_kinds, walk
from autoloop.records import Finding

RULE = "environment"
_ADVICE = "An agent must do the same wherever it runs."
_PLACES = frozenset(
    {
        "socket.gethostname",
        "socket.getfqdn",
        "platform.node",
        "platform.uname",
        "os.uname",
        "uuid.getnode",
        "getpass.getuser",
        "os.getlogin",
        "os.getenv",
        "os.environ.get",
        "os.getpid",
        "os.getppid",
        "os.environb.get",
        "socket.gethostbyname",
        "platform.platform",
        "platform.machine",
        "platform.release",
        "platform.version",
        "platform.system",
        "os.cpu_count",
        "os.getuid",
        "os.geteuid",
        "os.sched_getaffinity",
        "os.path.getmtime",
        "os.getpgid",
        "os.getloadavg",
        "shutil.disk_usage",
        "threading.active_count",
        "multiprocessing.cpu_count",
        "inspect.getsource",
        "inspect.getfile",
        "inspect.getmodule",
        "locale.getlocale",
    }
)
_NAMES = frozenset(
    {"sys.flags", "sys.executable", "sys.modules", "sys.path", "sys.prefix", "time.tzname",
     "sys.orig_argv", "sys.argv", "__file__"}
)  # fmt: skip
_DATES = frozenset(
    {"datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow",
     "datetime.date.today", "time.localtime", "time.gmtime", "time.strftime", "time.ctime",
     "time.asctime"}
)  # fmt: skip
_CLOCKS = frozenset({"time.time", "time.time_ns"})
_ALLOWED_NAMES = re.compile(
    r"(?:OPENAI|ANTHROPIC|MODEL|LLM|LITELLM|AGENT|MAX|LOG|HOME|PATH|LANG|LC_|TERM|SHELL|TMP|DEBUG)",
)
_ASKING = re.compile(
    r"^\s*(?:hostname|uname(?: -\w+)?|whoami|date(?: \+\S+)?|cat /etc/(?:hostname|machine-id)"
    r"|(?:test|\[) -[edf] (?:/\.dockerenv|/tests?|/logs)\S*.*|(?:printenv|echo \$)\s*\w+"
    r"|(?:dpkg|dpkg-query|rpm|apk|pip3?|python3? -m pip) [^|;&]*"
    r"\| *(?:wc|sort|md5sum|sha\d+sum)[^|;&]*"
    r"|id -\w+|(?:uptime|lscpu|dmesg|mount|ip a(?:ddr)?|ifconfig|env|printenv|nproc|free)(?: -\w+)?"
    r"|(?:cat|cut|head|awk|grep|ls|stat)\b[^;|&]*(?:/\.dockerenv|/proc/(?:1/cgroup|uptime|version"
    r"|cpuinfo|meminfo|loadavg|sys/kernel)|/sys/(?:class|fs/cgroup)))\S*\s*(?:2?>\S+|\|\|.*|;.*|&&.*)?$"
)
_GIVEN_NAMES = frozenset({"env", "model"})
_SUMS = re.compile(
    r"\b(?:md5sum|sha\d*sum|cksum|b2sum|crc32|stat\s+(?:-c|--format)\S*\s*['\"]?%s|du\s+-\w*b|wc\s+-c)\b"
)
_FILES_SEEN = "the very files of a task"
_MARKS = re.compile(r"/\.dockerenv|/proc/(?:1|self)/cgroup|\bmachine-id\b")
_EPOCH = 1e8
_PLAIN = 999
_REMEMBERED = 4_096
"""Texts: most of a program's are the same from one edit to the next."""
_CONDITIONAL = (ast.If, ast.While, ast.IfExp, ast.Assert)
_BINDING = frozenset({ast.Assign, ast.NamedExpr, ast.For, ast.comprehension})
_DECIDING = frozenset(
    {ast.If, ast.While, ast.IfExp, ast.Assert, ast.comprehension, ast.Match, ast.Subscript,
     ast.BoolOp, ast.Return, ast.Call}
)  # fmt: skip


_IDENTITY = re.compile(
    r"\b(?:which|what)\s+(?:language\s+|kind\s+of\s+)?model\s+(?:are\s+you|is\s+this|do\s+i)\b"
    r"|\bwho\s+(?:made|trained|built|developed|created|are)\s+you\b"
    r"|\bare\s+you\s+(?:gpt|claude|gemini|llama|an?\s+offline|a\s+stand-in|being\s+(?:tested|evaluated|graded))"
    r"|\byour\s+(?:model(?:'s)?\s+(?:name|id|version)|training\s+cut)",
    re.IGNORECASE,
)
"""Questions that only tell where the agent runs."""


class EnvironmentGuard:
    """Blocks conditions on host, user, variables or date; telling the model the date is fine."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, _look, before=before, after=after)


def _look(program: Program) -> Iterator[Sighting]:
    sources = _Sources(program)
    is_marked = _MARKS.search(program.source) is not None
    for unit in program.flow.units:
        deciding = [pair for pair in unit.nodes if type(pair[0]) in _DECIDING]
        names = sources.names_of(unit) if deciding else {}
        for node, scope in deciding:
            for test in _tests(node):
                yield from sources.in_test(test, names, scope)
        for call, _ in unit.of(ast.Call) if is_marked else ():
            yield from _marks(call)
    yield from _identity(program)
    for node in program.tree.body:
        parts = walk(node) if isinstance(node, ast.If | ast.Assign) else []
        for inner in of_kinds(parts, _DECIDING):
            for test in _tests(inner):
                yield from sources.in_test(test, sources.module_names, program.folding.module)


def _identity(program: Program) -> Iterator[Sighting]:
    """Questions to the model about itself."""
    for node in program.of(ast.Constant):
        asked = _asked_who(node.value) if isinstance(node.value, str) else ""
        if asked:
            text = f"{asked!r} is only good for telling what runs the agent. {_ADVICE}"
            yield Sighting(key=asked, severity="block", message=text, line=node.lineno)


@lru_cache(maxsize=_REMEMBERED)
def _asked_who(text: str) -> str:
    """What of a text asks who answers; empty for nothing."""
    found = _IDENTITY.search(text)
    return found.group() if found else ""


def _tests(node: ast.AST) -> Sequence[ast.expr]:
    """The conditions that a node decides by."""
    found: Sequence[ast.expr] = ()
    if isinstance(node, _CONDITIONAL):
        found = (node.test,)
    elif isinstance(node, ast.comprehension):
        found = node.ifs
    elif isinstance(node, ast.Match):
        found = (node.subject,)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Compare):
        found = (node.slice,)
    elif isinstance(node, ast.Call) and _is_number_table(node.func):
        found = (node,)
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        found = node.values
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Compare):
        found = (node.value,)
    return found


def _is_number_table(func: ast.expr) -> bool:
    """`{(3, 2093): …}.get`: what is looked up by sizes."""
    table = func.value if isinstance(func, ast.Attribute) and func.attr == "get" else None
    keys = table.keys if isinstance(table, ast.Dict) else []
    return any(isinstance(key, ast.Tuple) or _is_long_number(key) for key in keys)


def _is_long_number(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, int) and key.value > _PLAIN


def _marks(call: ast.Call) -> Iterator[Sighting]:
    for part in walk(call):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            found = _MARKS.search(part.value)
            if found:
                text = f"{found.group()!r} is only good for telling where the agent runs. {_ADVICE}"
                yield Sighting(key=found.group(), severity="block", message=text, line=call.lineno)


class _Sources:
    """Names and expressions that hold something of the place or the time."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._functions: Mapping[str, str] = {}
        self._names: dict[int, Mapping[str, str]] = {}
        self.module_names: Mapping[str, str] = {}
        self.module_names = self._names_in(
            n for s in program.tree.body if isinstance(s, ast.Assign) for n in walk(s)
        )
        self._functions = dict(self._giving(program.flow.units))
        if self._functions:
            # What calls of these give was not known yet.
            self._names.clear()

    def _giving(self, units: Iterable[Unit]) -> Iterator[tuple[str, str]]:
        """Functions that give back something of the place or the time."""
        for unit in units:
            given = [node.value for node, _ in unit.of(ast.Return) if node.value is not None]
            names = self.names_of(unit) if given else {}
            for value in given:
                source = self.source(value, names)
                if source:
                    yield getattr(unit.node, "name", ""), source

    def names_of(self, unit: Unit) -> Mapping[str, str]:
        """Names within a function, with what of place or time each holds."""
        known = self._names.get(id(unit))
        if known is None:
            known = self._names[id(unit)] = self._names_in(node for node, _ in unit.nodes)
        return known

    def _names_in(self, nodes: Iterable[ast.AST]) -> dict[str, str]:
        found = dict(self.module_names)
        binding = of_kinds(nodes, _BINDING)
        found |= {
            name: "the environment's variables"
            for node in binding
            if isinstance(node, ast.For | ast.comprehension) and self._is_environ(node.iter)
            for name in (part.id for part in walk(node.target) if isinstance(part, ast.Name))
        }
        assigned = [node for node in binding if isinstance(node, ast.Assign | ast.NamedExpr)]
        for node in sorted(assigned, key=lambda one: one.lineno):
            source = self.source(node.value, found)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and source:
                    found[target.id] = source
        return found

    def source(self, value: ast.expr, names: Mapping[str, str]) -> str:
        """What of place or time an expression holds; empty for nothing."""
        for node in _outer(value):
            if isinstance(node, ast.Name) and node.id in names:
                return names[node.id]
            if isinstance(node, ast.Call):
                found = self._of_call(node)
                if found:
                    return found
            if isinstance(node, ast.Attribute) and self._is_place(node):
                return "the machine"
            if isinstance(node, ast.Attribute | ast.Subscript):
                base = node.value
                if self._program.name_of(base) == "os.environ" and self._is_odd_name(node):
                    return "the environment's variables"
        return ""

    def _is_environ(self, rows: ast.expr) -> bool:
        """`os.environ`, also by its items or copied."""
        if isinstance(rows, ast.Call):
            inner = [*rows.args, getattr(rows.func, "value", rows)]
            return any(self._program.name_of(one) == "os.environ" for one in inner)
        return self._program.name_of(rows) == "os.environ"

    def _is_place(self, node: ast.Attribute) -> bool:
        if node.attr in {"__name__", "__class__", "__module__", "__dict__"}:
            asked = {part.id for part in walk(node) if isinstance(part, ast.Name)}
            return bool(asked & _GIVEN_NAMES)
        return self._program.name_of(node) in _NAMES

    def _of_call(self, call: ast.Call) -> str:
        name = self._program.name_of(call.func)
        if name in _PLACES:
            return "" if "env" in name and not self._is_odd_name(call) else "the machine"
        if name in {"dir", "vars", "type"} and call.args:
            is_given = getattr(call.args[0], "id", "") in _GIVEN_NAMES
            return "what runs it" if is_given else ""
        if isinstance(call.func, ast.Name) and call.func.id in self._functions:
            return self._functions[call.func.id]
        if isinstance(call.func, ast.Attribute) and call.func.attr == "run" and call.args:
            command = self._program.folding.value(call.args[0])
            is_sum = isinstance(command, str) and _SUMS.search(command)
            return "the machine" if _ASKING.match(f"{command}") else _FILES_SEEN if is_sum else ""
        return "the date" if name in _DATES else "the clock" if name in _CLOCKS else ""

    def _is_odd_name(self, node: ast.Call | ast.Attribute | ast.Subscript) -> bool:
        if isinstance(node, ast.Attribute):
            return False
        given = [node.slice] if isinstance(node, ast.Subscript) else node.args
        value = self._program.folding.value(given[0]) if given else None
        return isinstance(value, str) and not _ALLOWED_NAMES.match(value)

    def in_test(self, test: ast.expr, names: Mapping[str, str], scope: Scope) -> Iterator[Sighting]:
        membership = _asks_environ(test, self._program) or any(
            isinstance(part, ast.comprehension) and self._is_environ(part.iter)
            for part in walk(test)
        )
        source = "the environment's variables" if membership else self.source(test, names)
        if source == _FILES_SEEN and not self._is_known_size(test, scope):
            return
        if not source or (source == "the clock" and not self._is_of_the_clock(test, scope)):
            return
        text = f"{quote(test)} makes the agent depend on {source}. {_ADVICE}"
        yield Sighting(key=quote(test), severity="block", message=text, line=test.lineno)

    def _is_known_size(self, test: ast.expr, scope: Scope) -> bool:
        """Whether something is compared with a number or digest that is no plain limit."""
        sides = [
            str(self._program.folding.value(node, scope))
            for node in walk(test)
            if isinstance(node, ast.Constant) and not _SUMS.search(str(node.value))
        ]
        return any(sum(map(str.isdigit, side)) > len("10") for side in sides)

    def _is_of_the_clock(self, test: ast.expr, scope: Scope) -> bool:
        """Time limits compare differences; a moment is a large number, or what is left of one."""
        for node in walk(test):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
                return True
            if isinstance(node, ast.Compare):
                sides = [self._program.folding.value(s, scope) for s in node.comparators]
                if any(isinstance(side, int | float) and side > _EPOCH for side in sides):
                    return True
        return False


def _asks_environ(test: ast.expr, program: Program) -> bool:
    """`"CI" in os.environ`."""
    return any(
        isinstance(node, ast.Compare)
        and any(program.name_of(side) == "os.environ" for side in node.comparators)
        and not _ALLOWED_NAMES.match(str(program.folding.value(node.left)))
        for node in walk(test)
    )


def _outer(value: ast.expr) -> Iterator[ast.AST]:
    """The nodes of an expression, arguments of calls that work in the world left out."""
    rest: list[ast.AST] = [value]
    while rest:
        node = rest.pop()
        yield node
        is_work = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_work and node.func.attr in {"chat", "run", "note", "write", "append"}:  # type: ignore[attr-defined]
            continue
        if not isinstance(node, ast.JoinedStr | ast.Dict | ast.Lambda):
            rest += children(node)
