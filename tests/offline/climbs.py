"""Steps of the meta-agent over a desk laid out by hand, as a run would lay it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autoloop.gateway.offline.meta_model import OfflineMetaModel
from autoloop.guards import TrainTask, standard_guards
from autoloop.meta import ConversationProposer
from autoloop.ports import ChatModel, EarlierStep, ProposalOutcome, TaskStanding, TraceSummary
from autoloop.records import ChatReply, ChatRequest, Decision, Proposal
from autoloop.testing.desk import DeskFake

AGENT = (Path(__file__).parents[2] / "agent.py").read_text()
TASKS = {
    f"csv/orders-{n}": (
        f"Read /app/orders{n}.csv, a list of what was sold in shop number {n}.\n\n"
        f"- Keep only the rows whose status is paid in month {n}.\n"
        f"- Write the totals into /app/out/totals{n}.json as one object.\n"
    )
    for n in range(6)
}
TRAIN = tuple(TrainTask(name=name, instruction=text) for name, text in TASKS.items())
CUT = "[... 1234 characters cut ...]\n"


class RecordingModel:
    """Passes on to the stand-in and remembers what went by."""

    def __init__(self) -> None:
        self.requests: list[ChatRequest] = []
        self._model: ChatModel = OfflineMetaModel()

    @property
    def name(self) -> str:
        return self._model.name

    def complete(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        return self._model.complete(request)

    def answers(self) -> list[str]:
        """All tool answers of the last conversation."""
        return [message.content for message in self.requests[-1].messages if message.role == "tool"]


def transcript(
    instruction: str = TASKS["csv/orders-0"], *, shown: str = "id;name\n", ending: str = "Done."
) -> str:
    """A trace as a trial's transcript shows it: a look, a piece of work, final words."""
    look = f"> bash (call_1)\ncommand: cat /app/orders.csv\n< call_1\n{shown}\n[exit code 0]"
    work = (
        "> bash (call_2)\ncommand: python3 - <<'X'\nopen('/app/x', 'w')\nX\n< call_2\n[exit code 0]"
    )
    blocks = [
        "--- 1 system\nYou solve the task in a Linux shell.",
        f"--- 2 user\n{instruction}",
        f"--- 3 model\nHaving a look.\n{look}",
        f"--- 4 model\nOn it.\n{work}",
        f"--- 5 model\n{ending}",
    ]
    return "\n\n".join(blocks)


def lay_out(
    source: str = AGENT,
    *,
    steps: Sequence[EarlierStep] = (),
    notes: str = "",
    show: Callable[[str], str] = lambda text: transcript(text, shown=CUT),
    model_calls: int = 6,
) -> DeskFake:
    """A desk on which every train task fails."""
    guards = standard_guards(TRAIN)
    names = {f"orders-{n}__abcdef{n}": task for n, task in enumerate(TASKS)}
    return DeskFake(
        source=source,
        step=len(steps) + 1,
        steps=steps,
        notes=notes,
        diffs={step.index: "-old\n+new" for step in steps},
        standings=[
            TaskStanding(task=task, family="csv", passes=0, attempts=1, mean_reward=0.0)
            for task in TASKS
        ],
        summaries=[
            TraceSummary(
                trial=trial, task=task, step=0, agent="incumbent", reward=0.0, outcome="scored",
                failure="", model_calls=model_calls, seconds=1.0,
            )
            for trial, task in names.items()
        ],
        transcripts={trial: show(TASKS[task]) for trial, task in names.items()},
        guard=lambda before, after: guards.check(before=before, after=after),
    )  # fmt: skip


def propose(desk: DeskFake, *, seed: int = 0) -> tuple[ProposalOutcome, RecordingModel]:
    """One step of the stand-in."""
    model = RecordingModel()
    return ConversationProposer(model, seed=seed).propose(desk), model


def finished(proposal: Proposal, *, index: int, kept: bool) -> EarlierStep:
    """A step with its verdict."""
    return EarlierStep(
        index=index,
        decision=(Decision.KEEP if kept else Decision.REVERT).value,
        lesson="So it was decided.",
        title=proposal.title,
        hypothesis=proposal.hypothesis,
        expected=proposal.expected,
    )


@dataclass(slots=True)
class Climb:
    """What came of several steps."""

    source: str = AGENT
    notes: str = ""
    steps: list[EarlierStep] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)


def climb(seed: int, *, steps: int, keep: Callable[[Proposal], bool]) -> Climb:
    """Steps in a row; `keep` decides about each edit."""
    state = Climb()
    for index in range(1, steps + 1):
        desk = lay_out(state.source, steps=tuple(state.steps), notes=state.notes)
        outcome, _ = propose(desk, seed=seed)
        state.notes = desk.notes
        if outcome.proposal is None:
            break
        kept = keep(outcome.proposal)
        state.steps.append(finished(outcome.proposal, index=index, kept=kept))
        state.proposals.append(outcome.proposal)
        state.source = outcome.proposal.source if kept else state.source
    return state
