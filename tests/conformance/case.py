"""What a case is: a tiny task, who solves it, and what must come of it, here and in Harbor."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autoloop.records import Agent, Outcome, TrialRules

HOST_ENV = {"CONFORMANCE_HOST": "from-the-host"}
"""What the host's environment must hold besides, for cases with `${CONFORMANCE_HOST}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnd:
    """What became of one step that was begun."""

    rewards: Mapping[str, float] = field(default_factory=lambda: {"reward": 1.0})
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What Harbor 0.24 gives for a case."""

    rewards: Mapping[str, float] | None = None
    """Of the trial's verifier_result; None: it has none."""
    failure: str | None = None
    """Name of the exception that the trial records."""
    steps: tuple[StepEnd, ...] = ()
    """Empty: an ordinary task, or as the case expects of autoloop."""
    refused: bool = False
    """There is no trial at all: `harbor run` ends with exit code 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What autoloop must give for a case."""

    outcome: Outcome | None = Outcome.SCORED
    """None: the task is refused when it is read."""
    rewards: Mapping[str, float] = field(default_factory=dict)
    reward: float | None = None
    """The number that counts; None: `reward` of `rewards`, or 0."""
    failure: str | None = None
    """Kind of the failure; None: there is none."""
    says: tuple[str, ...] = ()
    """Words of the failure's message; of a refused task: its file, its key, words of the reason."""
    steps: tuple[StepEnd, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Files of the trial's folder, and what each must contain."""
    without: Mapping[str, str] = field(default_factory=dict)
    """Files of the trial's folder, and what each must not contain."""
    absent: tuple[str, ...] = ()
    """Files that must not be in the trial's folder."""
    notes: tuple[str, ...] = ()
    """Words that the notes of the task must contain."""

    @property
    def counted(self) -> float:
        """The number that counts."""
        return self.rewards.get("reward", 0.0) if self.reward is None else self.reward


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One behaviour."""

    id: str
    """Name of its folder."""
    files: Mapping[str, str | bytes]
    agent: str = "oracle"
    """`oracle`, `nop`, or the text of agent.py."""
    expect: Expect
    harbor: Reference | None = None
    """None: as autoloop."""
    differs: str = ""
    """Where Harbor gives something else: the name of the row of docs/harbor.md that says why."""
    quirks: Expect | None = None
    """What `harbor_quirks: true` must give, where it gives something else than `expect`."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Symbolic links of the task's folder, and where they lead."""
    rules: TrialRules = field(default_factory=TrialRules)
    is_about_network: bool = False
    """Whether the task keeps the network it asks for; all others run without, and start quicker."""

    @property
    def solver(self) -> Agent:
        """Who solves it."""
        if self.agent in {"oracle", "nop"}:
            return Agent(kind="oracle" if self.agent == "oracle" else "nop")
        return Agent(source=self.agent)

    @property
    def runs_in_harbor(self) -> bool:
        """Whether Harbor can run it by itself: with one of its own agents, by the default rules."""
        return self.agent in {"oracle", "nop"} and self.rules == TrialRules()

    @property
    def reference(self) -> Reference:
        """What Harbor 0.24 gives."""
        if self.harbor is not None:
            return self.harbor
        if self.expect.outcome is None:
            return Reference(refused=True)
        return Reference(
            rewards=self.expect.rewards or None,
            failure=None if self.expect.steps else self.expect.failure,
            steps=self.expect.steps,
        )


def by_harbor(case: Case) -> Case:
    """The same task, counted as `harbor_quirks: true` counts."""
    return replace(
        case,
        id=f"{case.id}-by-harbor",
        expect=case.quirks or case.expect,
        rules=replace(case.rules, harbor_quirks=True),
    )


def write_case(case: Case, folder: Path) -> Path:
    """Write the case's task into `folder / case.id`, afresh.

    What begins with `#!` is executable.
    """
    target = folder / case.id
    if target.exists():
        shutil.rmtree(target)
    for name, data in case.files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        if path.read_bytes().startswith(b"#!"):
            path.chmod(0o755)
    for name, leads_to in case.links.items():
        (target / name).symlink_to(leads_to)
    return target


def by_id(cases: Sequence[Case]) -> Mapping[str, Case]:
    """The cases by name; a name that is there twice is a mistake."""
    named = {case.id: case for case in cases}
    assert len(named) == len(cases), sorted(case.id for case in cases)
    return named
