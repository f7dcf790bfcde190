"""Work whose every turn is one whole program: load the input, set what was asked, do the work.

Like a recipe, a craft finds rules in the sentences of an instruction; unlike a recipe's, its rules
only set what the work at the end obeys, so that their order does not matter. A rule of a later
stage is work of its own: another output, written in another turn.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from string import Template

from autoloop.gateway.offline.skill import View
from autoloop.gateway.offline.skills.recipe import Rule, split_bullets

PATH = r"/[\w./-]*\w"
_SENTENCE_END = re.compile(r"(?<=[.:!?]) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a rule found in a sentence."""

    text: str
    """The whole sentence."""
    rule: Rule
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Craft:
    """How one kind of work is done."""

    opening: str
    """What the prose must say; its groups are known to all lines. `paths` may name many paths."""
    looks: tuple[str, ...]
    """Commands that show the input; one with `$paths` is run for each of them."""
    load: str
    """First lines, for those who looked at the input."""
    guess: str
    """First lines, for those who did not."""
    rules: tuple[Rule, ...]
    work: str
    """Last lines of the first turn; those of the next are the rules of later stages."""
    check: str
    """A command that shows the result."""
    prepare: str = ""
    """Lines of every turn between the settings and the work."""

    def understand(self, instruction: str) -> "CraftJob | None":
        """The job, when the prose fits and a rule is known for every bullet."""
        prose, bullets = split_bullets(instruction)
        opening = re.search(self.opening, prose, re.IGNORECASE)
        asked = [tuple(_find(self.rules, bullet)) for bullet in bullets]
        if opening is None or not all(asked):
            return None
        sentences = _SENTENCE_END.split(prose)
        return CraftJob(
            craft=self,
            names=opening.groupdict(default=""),
            told=tuple(wish for sentence in sentences for wish in _find(self.rules, sentence)),
            asked=tuple(wish for wishes in asked for wish in wishes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CraftJob:
    """An understood instruction (port `Job`)."""

    craft: Craft
    names: Mapping[str, str]
    told: tuple[Wish, ...]
    """What the prose says; nobody forgets that."""
    asked: tuple[Wish, ...]
    """What the bullets say."""

    @property
    def details(self) -> tuple[str, ...]:
        """The bullets."""
        return tuple(dict.fromkeys(wish.text for wish in self.asked))

    @property
    def looks(self) -> tuple[str, ...]:
        """Show every input in full."""
        commands = []
        for look in self.craft.looks:
            paths = _paths(self.names["paths"]) if "$paths" in look else [""]
            commands += [_fill(look, {**self.names, "paths": path}, _in_shell) for path in paths]
        return tuple(commands)

    @property
    def check(self) -> str:
        """Show the result."""
        return _fill(self.craft.check, self.names, _in_shell)

    def steps(self, view: View) -> tuple[str, ...]:
        """One Python program per output."""
        wishes = [wish for wish in (*self.told, *self.asked) if wish.text not in view.dropped]
        settings = [self._lines(wish) for wish in wishes if wish.rule.stage == 1]
        stages = sorted({wish.rule.stage for wish in wishes} - {1})
        later = ("\n".join(self._lines(w) for w in wishes if w.rule.stage == at) for at in stages)
        load = self._own(self.craft.load if view.looked else self.craft.guess)
        start = [f"SEEN = {view.seen_lines}", load, *settings, self._own(self.craft.prepare)]
        works = [self._own(self.craft.work), *later]
        return tuple("\n".join(["python3 - <<'EOF'", *start, work, "EOF"]) for work in works)

    def _own(self, lines: str) -> str:
        return _fill(lines, self.names, _in_python)

    def _lines(self, wish: Wish) -> str:
        return _fill(wish.rule.does, {**self.names, **wish.names}, _in_python)


@dataclass(frozen=True, slots=True, kw_only=True)
class CraftSkill:
    """A trade made of crafts (port `Skill`)."""

    name: str
    crafts: tuple[Craft, ...]

    def understand(self, instruction: str) -> CraftJob | None:
        """The job as the first fitting craft understands it."""
        jobs = (craft.understand(instruction) for craft in self.crafts)
        return next((job for job in jobs if job is not None), None)


def _find(rules: Iterable[Rule], sentence: str) -> Iterator[Wish]:
    """Everything that rules find in a sentence, from left to right."""
    found = [
        (match.start(), at, Wish(text=sentence, rule=rule, names=match.groupdict(default="")))
        for at, rule in enumerate(rules)
        for match in re.finditer(rule.says, sentence, re.IGNORECASE)
    ]
    return (wish for _, _, wish in sorted(found, key=lambda item: item[:2]))


def _fill(lines: str, names: Mapping[str, str], quote: Callable[[str, str], str]) -> str:
    values = {name: quote(name, text) for name, text in names.items()}
    return Template(lines.strip("\n")).substitute(values)


def _in_shell(_name: str, text: str) -> str:
    return shlex.quote(text)


def _in_python(name: str, text: str) -> str:
    return repr(_paths(text) if name == "paths" else text.strip("`"))


def _paths(text: str) -> list[str]:
    return re.findall(PATH, text)
