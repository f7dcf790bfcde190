"""Modules, calls and attributes that a harness has no use for."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from autoloop.guards.given import looked_into
from autoloop.guards.program import Program
from autoloop.guards.sightings import Sighting, added, quote
from autoloop.guards.texts import spelled
from autoloop.guards.trees import of_kinds
from autoloop.records import Finding

RULE = "imports"
_MODULES: Mapping[str, str] = {
    "ctypes": "reaches into the process's memory",
    "cffi": "reaches into the process's memory",
    "_ctypes": "reaches into the process's memory",
    "ptrace": "watches other processes",
    "psutil": "watches other processes",
    "scapy": "sends raw packets",
    "_socket": "opens raw sockets",
    "socketserver": "opens a server",
    "http.server": "opens a server",
    "mmap": "reaches into memory",
    "pty": "starts processes under cover",
    "runpy": "runs code under cover",
    "code": "runs code under cover",
    "codeop": "runs code under cover",
    "tracemalloc": "watches the process",
    "sysconfig": "looks into the runtime",
    "docker": "would drive the engine that holds it",
    "autoloop.harness.door": "is the runtime's own",
    "autoloop.harness.main": "is the runtime's own",
    "autoloop.harness.loading": "is the runtime's own",
    "autoloop.harness.forward": "is the runtime's own",
    "autoloop.harness.egress": "is the runtime's own",
}
_CALLS: Mapping[str, str] = {
    "gc.get_objects": "looks through all objects of the process",
    "gc.get_referrers": "looks through all objects of the process",
    "gc.get_referents": "looks through all objects of the process",
    "sys._getframe": "walks the frames of its callers",
    "sys._current_frames": "walks the frames of its callers",
    "sys.settrace": "watches its callers",
    "sys.addaudithook": "watches the process",
    "threading.settrace": "watches its callers",
    "threading.setprofile": "watches its callers",
    "inspect.getframeinfo": "walks the frames of its callers",
    "inspect.getinnerframes": "walks the frames of its callers",
    "traceback.walk_stack": "walks the frames of its callers",
    "os.posix_spawn": "leaves processes behind",
    "os.spawnv": "leaves processes behind",
    "os.spawnl": "leaves processes behind",
    "os.spawnlp": "leaves processes behind",
    "sys.setprofile": "watches its callers",
    "inspect.currentframe": "walks the frames of its callers",
    "inspect.stack": "walks the frames of its callers",
    "inspect.getouterframes": "walks the frames of its callers",
    "inspect.trace": "walks the frames of its callers",
    "socket.socket": "opens a raw socket",
    "socket.create_connection": "opens a raw socket",
    "socket.create_server": "opens a raw socket",
    "socket.fromfd": "opens a raw socket",
    "asyncio.open_unix_connection": "opens a raw socket",
    "asyncio.open_connection": "opens a raw socket",
    "socket.socketpair": "opens a raw socket",
    "asyncio.start_unix_server": "opens a server",
    "asyncio.start_server": "opens a server",
    "httpx.HTTPTransport": "goes around the gateway's address",
    "httpx.AsyncHTTPTransport": "goes around the gateway's address",
    "aiohttp.UnixConnector": "opens a raw socket",
    "os.fork": "leaves processes behind",
    "os.forkpty": "leaves processes behind",
    "os.setsid": "leaves processes behind",
    "os.daemon": "leaves processes behind",
    "os.kill": "ends other processes",
    "os.killpg": "ends other processes",
}
_METHODS: Mapping[str, str] = {
    "create_unix_connection": "opens a raw socket",
    "create_unix_server": "opens a server",
    "open_unix_connection": "opens a raw socket",
    "sock_connect": "opens a raw socket",
    "add_reader": "watches open files",
}
"""The same of loops and other objects."""
_ODD_CALLS = frozenset(
    {"subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call",
     "subprocess.check_output", "subprocess.getoutput", "os.system", "os.popen", "os.execv",
     "os.execvp", "pty.spawn", "multiprocessing.Process"}
)  # fmt: skip
_ATTRIBUTES = frozenset(
    {
        "__subclasses__",
        "__globals__",
        "__closure__",
        "__builtins__",
        "f_back",
        "f_globals",
        "f_locals",
        "gi_frame",
        "cr_frame",
        "tb_frame",
        "__mro__",
        "__bases__",
        "__base__",
        "__self__",
        "__getattribute__",
        "__loader__",
        "__spec__",
        "ag_frame",
        "__reduce_ex__",
    }
)
_GIVEN_OBJECTS = frozenset({"env", "model"})
_WHOLE = frozenset(
    {"os.walk", "os.scandir", "os.listdir", "glob.glob", "glob.iglob", "pathlib.Path"}
)  # fmt: skip
_TOP = re.compile(r"/(?:\*{1,2}/?.*|work.*|home/?|root/?|var/?|run/?|mnt/?)?")
_PLACES = re.compile(
    r"/proc/(?:self|\d+|\*|\$|\{|\[)|/proc/?$|docker\.sock|169\.254\.169\.254"
    r"|metadata\.google|/dev/mem\b|/run/autoloop|/var/run/autoloop"
)
_URL = re.compile(r"https?://([^/\s:'\"]+)")
_LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "gateway", "::1"})  # noqa: S104
_CLIENTS = (
    "requests.", "httpx.", "urllib.request.", "aiohttp.", "urllib3.", "http.client.", "websocket.",
)  # fmt: skip
_TOLD = frozenset({ast.Import, ast.ImportFrom, ast.Attribute})


class ImportsGuard:
    """Blocks ways out of what `solve` is given: its process, its container, its callers."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, _look, before=before, after=after)


def _look(program: Program) -> Iterator[Sighting]:
    for node in of_kinds(program.nodes, _TOLD):
        if not isinstance(node, ast.Attribute):
            yield from _imported(node)  # type: ignore[arg-type]
        elif node.attr in _ATTRIBUTES:
            text = f"{quote(node)} looks behind objects: a harness has no use for it."
            yield Sighting(key=node.attr, severity="block", message=text, line=node.lineno)
        elif _is_private(node, program):
            text = f"{quote(node)} looks behind what `solve` is given: use what it offers."
            yield Sighting(key=quote(node), severity="block", message=text, line=node.lineno)
    for call in program.calls:
        yield from _called(call, program)
    yield from _places(program)
    yield from looked_into(program)


def _is_private(node: ast.Attribute, program: Program) -> bool:
    if node.attr == "modules" and program.name_of(node) == "sys.modules":
        return True
    owner = node.value
    return node.attr.startswith("_") and getattr(owner, "id", "") in _GIVEN_OBJECTS


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[Sighting]:
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module or ''}.{name}" for name in names] + [node.module or ""]
    yield from _known_modules(names, node.lineno)


def _known_modules(names: Sequence[str], line: int) -> Iterator[Sighting]:
    for name in names:
        known = next((m for m in _MODULES if f"{name}.".startswith(f"{m}.")), None)
        reason = _MODULES.get(known or "") or _CALLS.get(name)
        if reason:
            text = f"agent.py imports {name}, which {reason}: no harness needs that."
            yield Sighting(key=name, severity="block", message=text, line=line)
            return


def _called(call: ast.Call, program: Program) -> Iterator[Sighting]:
    name = program.name_of(call.func)
    if name in {"__import__", "importlib.import_module"} and call.args:
        module = program.folding.value(call.args[0])
        yield from _known_modules([module] if isinstance(module, str) else [], call.lineno)
    elif name in _CALLS:
        text = f"{quote(call)} {_CALLS[name]}: no harness needs that."
        yield Sighting(key=name, severity="block", message=text, line=call.lineno)
    elif getattr(call.func, "attr", "") in _METHODS:
        text = f"{quote(call)} {_METHODS[call.func.attr]}: no harness needs that."  # type: ignore[attr-defined]
        yield Sighting(key=quote(call), severity="block", message=text, line=call.lineno)
    elif name in {"getattr", "hasattr", "vars", "dir"} and call.args:
        yield from _looked_behind(call, program)
    elif name in _ODD_CALLS:
        yield _odd(
            call,
            f"{quote(call)} starts a process beside agent.py, where the task is not. "
            "Use env.run for commands.",
        )
    else:
        yield from _reached(call, name, program)


def _reached(call: ast.Call, name: str, program: Program) -> Iterator[Sighting]:
    if name in _WHOLE and call.args:
        place = program.folding.value(call.args[0])
        if isinstance(place, str) and _TOP.fullmatch(place):
            text = f"{quote(call)} looks through the machine that holds agent.py."
            yield Sighting(key=quote(call), severity="block", message=text, line=call.lineno)
    elif name.startswith(_CLIENTS):
        yield from _fetched(call, program)
    elif name in {"signal.signal", "signal.pthread_sigmask"} and "IGN" in quote(call):
        text = f"{quote(call)} ignores the signal that ends a trial."
        yield Sighting(key=quote(call), severity="block", message=text, line=call.lineno)


def _looked_behind(call: ast.Call, program: Program) -> Iterator[Sighting]:
    name = program.folding.value(call.args[1]) if len(call.args) > 1 else None
    is_given = getattr(call.args[0], "id", "") in _GIVEN_OBJECTS
    is_private = isinstance(name, str) and name.startswith("_")
    is_listed = len(call.args) == 1 and is_given
    if name in _ATTRIBUTES or (is_given and is_private) or is_listed:
        text = f"{quote(call)} looks behind objects: a harness has no use for it."
        yield Sighting(key=quote(call), severity="block", message=text, line=call.lineno)


def _fetched(call: ast.Call, program: Program) -> Iterator[Sighting]:
    for arg in call.args[:2]:
        value = program.folding.value(arg)
        for host in _URL.findall(value) if isinstance(value, str) else ():
            if host not in _LOCAL:
                message = f"{quote(call)} asks {host!r}, but agent.py reaches only the gateway."
                yield Sighting(key=quote(call), severity="block", message=message, line=call.lineno)


def _places(program: Program) -> Iterator[Sighting]:
    """Strings that name places of the machine; in prose they may be spoken of."""
    for line, text in _strings(program):
        found = _PLACES.search(text)
        if found and len(text.split()) < 25:
            message = (
                f"The edit goes to {found.group()!r}, a place of the machine that holds agent.py. "
                "What a task is about lies elsewhere."
            )
            yield Sighting(key=found.group(), severity="block", message=message, line=line)


def _strings(program: Program) -> Iterator[tuple[int, str]]:
    for node in program.of(ast.Constant):
        if isinstance(node.value, str):
            yield node.lineno, node.value
    for one in program.folding.found:
        for text in spelled(one.value, most=50):
            yield one.line, text


def _odd(node: ast.expr, message: str) -> Sighting:
    return Sighting(key=quote(node), severity="warn", message=message, line=node.lineno)
