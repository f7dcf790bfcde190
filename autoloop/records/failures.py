"""What failed trials have in common, by what can be seen of them."""

from dataclasses import dataclass
from enum import StrEnum


class Symptom(StrEnum):
    """Something that shows in a trial's record; a trial may show several."""

    TIME_LIMIT = "time limit"
    TURN_LIMIT = "turn limit"
    TOKEN_QUOTA = "token quota"  # noqa: S105 - no secret
    MONEY_QUOTA = "money quota"
    CRASH = "crash in agent.py"
    TAMPERED = "tampered"
    NO_VERDICT = "no verdict"
    PROVIDER = "provider trouble"
    CONTEXT_FULL = "context full"
    REFUSAL = "refusal"
    EMPTY_ANSWER = "empty answer"
    BAD_CALL = "unreadable answer"
    REPEATED = "repeated command"
    FAILING = "failing command"
    SLOW_COMMAND = "command timed out"
    WRONG_PATH = "wrong path"
    TRUNCATED = "output truncated"
    UNCHECKED = "no check before finishing"
    GAVE_UP = "gave up early"
    NOTHING_DONE = "nothing done"
    WRONG_FORMAT = "wrong format"
    MISSING_RESULT = "missing result"

    @property
    def words(self) -> str:
        """What was seen, as a sentence."""
        return _WORDS[self]


_WORDS = {
    Symptom.TIME_LIMIT: "Ended by the task's time limit.",
    Symptom.TURN_LIMIT: "Out of model calls, or agent.py stopped asking while work was going on.",
    Symptom.TOKEN_QUOTA: "Out of tokens.",
    Symptom.MONEY_QUOTA: "Out of money for model calls.",
    Symptom.CRASH: "agent.py ended with an exception.",
    Symptom.TAMPERED: "It tried to get at its score.",
    Symptom.NO_VERDICT: "The tests gave no usable reward.",
    Symptom.PROVIDER: "A model call was refused or failed.",
    Symptom.CONTEXT_FULL: "A prompt was too long for the model.",
    Symptom.REFUSAL: "The model declined the task in its last words.",
    Symptom.EMPTY_ANSWER: "The model answered with nothing at all.",
    Symptom.BAD_CALL: "agent.py or its tools could not read what the model answered.",
    Symptom.REPEATED: "The same command gave the same output three times or more.",
    Symptom.FAILING: "Three commands or more in a row failed, or the same error came three times.",
    Symptom.SLOW_COMMAND: "A command ran into its own time limit.",
    Symptom.WRONG_PATH: "A path that is not there was used.",
    Symptom.TRUNCATED: "The model saw an output that had been cut.",
    Symptom.UNCHECKED: "Finished without looking at what it last wrote.",
    Symptom.GAVE_UP: "Ended after a failed command, or said that it could not do it.",
    Symptom.NOTHING_DONE: "No command that changes anything was run.",
    Symptom.WRONG_FORMAT: "A failing check is about the form of the result.",
    Symptom.MISSING_RESULT: "A failing check is about a result that is not there.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A symptom in one trial."""

    symptom: Symptom
    entries: tuple[int, ...] = ()
    """Where in the trace it shows; empty where it is no matter of single entries."""
    detail: str = ""
    """What exactly: a command, an error; foreign text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A trial that shows a symptom."""

    trial: str
    task: str
    entries: tuple[int, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Failed trials that show the same symptom."""

    symptom: Symptom
    failed: int
    """Failed trials that show it."""
    passed: int
    """Passing trials that show it, too."""
    failed_share: float
    passed_share: float
    """Of all passing trials; 0 where there are none."""
    tasks: int
    """Tasks of the failed ones."""
    sightings: tuple[Sighting, ...]
    """The failed ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReport:
    """Failed trials by symptoms: what sets failed from passing trials apart comes first."""

    failed: int
    passed: int
    groups: tuple[FailureGroup, ...] = ()
    unexplained: tuple[Sighting, ...] = ()
    """Failed trials without any symptom, whose traces have to be read."""
