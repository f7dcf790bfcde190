"""Work put together from rules: each sentence of an instruction adds a few lines to a program.

A rule joins a form of sentence with the Python lines that do what it says. `$name` in the lines
stands for what the sentence's group of that name said, as a Python value: a text; a number where
the name begins with `n_`; the list of all texts in backticks where it begins with `all_`.
Rules of a higher stage come later, and every stage is a turn of its own; between turns the work
waits in a file. Forgetting a detail is leaving its lines out.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Template

from autoloop.gateway.offline.skill import View

STATE_FILE = "/tmp/work.json"  # noqa: S108 in the task's container, where nobody else is


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A form of sentence and the lines of Python that do what it says."""

    says: str
    does: str
    stage: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one kind of work is done."""

    opening: str
    """What the instruction's prose must say; its groups are known to all lines."""
    load: str
    """First lines, for those who looked at the input."""
    guess: str
    """First lines, for those who did not."""
    save: str
    """Last lines."""
    rules: tuple[Rule, ...]
    inputs: tuple[str, ...] = ("source",)
    """Groups of the opening that name the files to look at."""
    output: str = "target"
    """Group of the opening that names the result."""
    looks_around: bool = False
    """It lists the folder before it looks at the files."""

    def understand(self, instruction: str) -> "RecipeJob | None":
        """The job, when the prose fits and a rule is known for every bullet."""
        prose, bullets = split_bullets(instruction)
        opening = re.search(self.opening, prose, re.IGNORECASE)
        details = tuple(_find(self.rules, bullet) for bullet in bullets)
        if opening is None or any(detail is None for detail in details):
            return None
        told = (_find(self.rules, sentence) for sentence in re.split(r"(?<=[.:!?]) ", prose))
        return RecipeJob(
            recipe=self,
            names=opening.groupdict(),
            told=tuple(detail for detail in told if detail),
            asked=tuple(detail for detail in details if detail),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A sentence with the rule that it fits."""

    text: str
    rule: Rule
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeJob:
    """An understood instruction (port `Job`)."""

    recipe: Recipe
    names: Mapping[str, str]
    told: tuple[Detail, ...]
    """What the prose says; nobody forgets that."""
    asked: tuple[Detail, ...] = field(default=())
    """What the bullets say."""

    @property
    def details(self) -> tuple[str, ...]:
        """The bullets."""
        return tuple(detail.text for detail in self.asked)

    @property
    def looks(self) -> tuple[str, ...]:
        """Show every input in full."""
        paths = [self.names[name] for name in self.recipe.inputs]
        around = [f"ls -la {shlex.quote(_folder(paths[0]))}"] if self.recipe.looks_around else []
        return (*around, *(f"cat {shlex.quote(path)}" for path in paths))

    @property
    def check(self) -> str:
        """Show the result."""
        return f"cat {shlex.quote(self.names[self.recipe.output])}"

    def steps(self, view: View) -> tuple[str, ...]:
        """One Python program per stage."""
        details = [
            detail for detail in (*self.told, *self.asked) if detail.text not in view.dropped
        ]
        stages = sorted({detail.rule.stage for detail in details}) or [1]
        programs = [
            [_fill(d.rule.does, {**d.groups, **self.names}) for d in details if d.rule.stage == at]
            for at in stages
        ]
        load = self.recipe.load if view.looked else self.recipe.guess
        programs[0].insert(0, f"SEEN = {view.seen_lines}\n{_fill(load, self.names)}")
        programs[-1].append(_fill(self.recipe.save, self.names))
        return tuple(
            _program(lines, is_first=at == 0, is_last=at == len(programs) - 1)
            for at, lines in enumerate(programs)
        )


def split_bullets(instruction: str) -> tuple[str, tuple[str, ...]]:
    """An instruction's prose on one line, and its bullets, each without its full stop."""
    prose: list[str] = []
    bullets: list[str] = []
    for line in instruction.splitlines():
        if re.match(r"\s*[-*] ", line):
            bullets.append(line.strip()[2:].strip())
        elif bullets and line.startswith("  ") and line.strip():
            bullets[-1] += " " + line.strip()
        else:
            prose.append(line.strip())
    return " ".join(filter(None, prose)), tuple(bullet.rstrip(".") for bullet in bullets)


def _find(rules: Iterable[Rule], sentence: str) -> Detail | None:
    for rule in rules:
        if found := re.search(rule.says, sentence, re.IGNORECASE):
            return Detail(text=sentence, rule=rule, groups=found.groupdict(default=""))
    return None


def _fill(lines: str, groups: Mapping[str, str]) -> str:
    return Template(lines.strip("\n")).substitute(
        {name: _value(name, text) for name, text in groups.items()}
    )


def _value(name: str, text: str) -> str:
    if name.startswith("all_"):
        return repr(re.findall(r"`([^`]*)`", text))
    return text if name.startswith("n_") else repr(text)


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _program(lines: list[str], *, is_first: bool, is_last: bool) -> str:
    before = [] if is_first else [f"data = json.load(open({STATE_FILE!r}))"]
    after = [] if is_last else [f"json.dump(data, open({STATE_FILE!r}, 'w'))"]
    body = "\n".join(["import csv, json, re", *before, *lines, *after])
    return f"python3 - <<'EOF'\n{body}\nEOF"
