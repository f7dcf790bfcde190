"""Dockerfiles with heredocs, rewritten for builders that do not know them."""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from autoloop.sandbox.archives import Entry
from autoloop.sandbox.dockerfile import AUTOMATIC, Dockerfile, Instruction, exec_form

FOLDER = ".autoloop-heredocs"
"""Where the files of COPY and ADD are put in the build context."""
DEFAULT_SHELL = ("/bin/sh", "-c")
VARIABLE = re.compile(
    r"""\\(?P<escaped>.)
    | \$(?P<name>[A-Za-z_]\w*|\d+|[@*\#?!$-])
    | \$\{(?P<long>\w+)(?:(?P<how>:?[-+])(?P<other>[^}]*))?\}""",
    re.DOTALL | re.VERBOSE,
)
SCRIPT_END = "AUTOLOOP_END_OF_SCRIPT"
RUN_SCRIPT = f"""file=$(mktemp) && cat > "$file" <<'{SCRIPT_END}' && chmod 700 "$file" && "$file"
%s{SCRIPT_END}
code=$?; rm -f "$file"; exit "$code"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A Dockerfile that the classic builder can read, and the files that it now needs."""

    text: str
    files: tuple[Entry, ...]
    """With their names in the build context."""
    automatic: tuple[str, ...]
    """ARGs that BuildKit would give by itself."""


@dataclass(slots=True, kw_only=True)
class _Stage:
    """What is known at a line of a Dockerfile."""

    image: str = ""
    shell: tuple[str, ...] = DEFAULT_SHELL
    variables: dict[str, str] = field(default_factory=dict)


class Rewriter:
    """Rewrites one Dockerfile.

    A RUN gets its heredocs as part of one argument for the shell, which knows them; COPY and ADD
    get files. `COPY --link`, which changes how layers are kept and not what is in them, is dropped.
    """

    def __init__(
        self, args: Mapping[str, str], environment_of: Callable[[str], Mapping[str, str]]
    ) -> None:
        """`environment_of` gives the variables of a base image."""
        self._args = args
        self._environment_of = environment_of
        self._stages: dict[str, _Stage] = {}
        self._stage = _Stage()
        self._global: dict[str, str] = {}
        self._files: list[Entry] = []
        self._automatic: list[str] = []

    def rewrite(self, dockerfile: Dockerfile) -> Rewritten:
        """The same image without heredocs."""
        lines = [self._line(instruction) for instruction in dockerfile.instructions]
        return Rewritten(
            text="\n".join([f"# escape={dockerfile.escape}", *lines, ""]),
            files=tuple(self._files),
            automatic=tuple(self._automatic),
        )

    def _line(self, instruction: Instruction) -> str:
        self._follow(instruction)
        flags = re.sub(r"--link(=\S*)?\s+", "", instruction.flags)
        if instruction.has_only_heredocs:
            flags = re.sub(r"--chmod=\S*\s+", "", flags)
        if instruction.name == "FROM":
            flags = re.sub(r"--platform=\S*\$\S*\s+", "", flags)
        if instruction.heredocs and instruction.name == "RUN":
            return f"RUN {flags}{self._command(instruction)}"
        if instruction.heredocs:
            return f"{instruction.name} {flags}{self._sources(instruction)}"
        if flags != instruction.flags:
            return f"{instruction.name} {flags}{instruction.rest}"
        return "\n".join(instruction.lines)

    def _command(self, instruction: Instruction) -> str:
        first = instruction.heredocs[0]
        if instruction.rest.strip() != first.word:
            texts = [f"\n{document.text}{document.name}" for document in instruction.heredocs]
            return json.dumps([*self._stage.shell, instruction.rest + "".join(texts)])
        if first.text.startswith("#!"):
            return json.dumps([*DEFAULT_SHELL, RUN_SCRIPT % first.content])
        return json.dumps([*self._stage.shell, first.content])

    def _sources(self, instruction: Instruction) -> str:
        words = instruction.rest
        mode = re.search(r"--chmod=([0-7]+)", instruction.flags)
        for document in instruction.heredocs:
            path = f"{FOLDER}/{len(self._files)}/{document.name}"
            content = self._expanded(document.content) if document.expands else document.content
            entry = Entry(path=path, mode=int(mode[1], 8) if mode else 0o644, data=content.encode())
            self._files.append(entry)
            words = words.replace(document.word, path, 1)
        return words

    def _follow(self, instruction: Instruction) -> None:
        """Learn what an instruction means for those below it."""
        words = instruction.rest.split()
        if instruction.name == "FROM" and words:
            image = self._expanded(words[0], self._global)
            came_from = self._stages.get(image.lower(), _Stage(image=image))
            self._stage = _Stage(
                image=came_from.image, shell=came_from.shell, variables=dict(came_from.variables)
            )
            self._stages[words[-1].lower()] = self._stage
        elif instruction.name == "SHELL":
            # What is no list of words, the engine refuses in words of its own.
            self._stage.shell = exec_form(instruction.rest) or self._stage.shell
        elif instruction.name == "ARG":
            self._take_args(instruction.rest)
        elif instruction.name == "ENV":
            self._take_env(instruction.rest)

    def _take_args(self, rest: str) -> None:
        for word in _split(rest):
            name, given, default = word.partition("=")
            if name in AUTOMATIC:
                self._automatic.append(name)
            value = self._args.get(name, self._expanded(default) if given else None)
            if value is None:
                value = self._global.get(name)
            if value is not None and self._stage.image:
                self._stage.variables.setdefault(name, value)
            elif value is not None:
                self._global[name] = value

    def _take_env(self, rest: str) -> None:
        words = _split(rest)
        if words and "=" not in words[0]:
            words = [f"{words[0]}={rest.partition(words[0])[2].strip()}"]
        for word in words:
            name, _, value = word.partition("=")
            self._stage.variables[name] = self._expanded(value)

    def _expanded(self, text: str, known: Mapping[str, str] | None = None) -> str:
        """The text with variables replaced, as BuildKit does: an unknown one is empty."""

        def value(match: re.Match[str]) -> str:
            if match["escaped"] is not None:
                return match["escaped"]
            found = self._value(match["name"] or match["long"], known)
            other = match["other"] or ""
            if match["how"] in {":-", "-"}:
                return found or (other if found is None or match["how"] == ":-" else "")
            if match["how"]:
                return other if found or (found is not None and match["how"] == "+") else ""
            return found or ""

        return VARIABLE.sub(value, text)

    def _value(self, name: str, known: Mapping[str, str] | None) -> str | None:
        if known is not None:
            return known.get(name)
        if name in self._stage.variables or not self._stage.image:
            return self._stage.variables.get(name, self._global.get(name))
        return self._environment_of(self._stage.image).get(name)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
