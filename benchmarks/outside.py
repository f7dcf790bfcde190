"""Real coding agents in the meta-agent's place, without an account: how far each of them gets.

Each preset's program works on one step in its container, with a model that says what it was told
to: it calls the program's own shell tool once, to edit agent.py and to submit. The model has a name
that the program knows, and is asked over the wire, by its provider's SDK at a provider on loopback.
Fetches the packages of `sandboxes/meta/packages.txt` the first time, which takes some minutes.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from autoloop.app.clock import SystemClock
from autoloop.errors import AutoloopError
from autoloop.gateway import SocketGateway
from autoloop.gateway.upstream.anthropic_model import AnthropicModel
from autoloop.gateway.upstream.openai_model import OpenAIChatModel, OpenAIResponsesModel
from autoloop.gateway.upstream.sdk import SdkModel
from autoloop.meta.outside import PRESETS, OutsideProposer
from autoloop.ports import ChatModel, ProposalOutcome, TaskStanding, TraceSummary
from autoloop.records import ChatReply, ChatRequest, ToolCall, ToolSpec
from autoloop.sandbox import DockerSandbox
from autoloop.testing.desk import DeskFake
from autoloop.testing.models import ScriptedModel, reply
from autoloop.testing.provider import LoopbackProvider

ROOT = Path(__file__).resolve().parents[1]
SOURCE = 'PROMPT = "Solve it."\n\n\ndef solve(instruction, env, model):\n    env.run("ls")\n'
SCRIPT = (
    "cd /workspace && sed -i 's/Solve it/Solve it with care/' agent.py && autoloop-step submit"
    ' --title "Use another prompt" --hypothesis "It forgets the details."'
    ' --expected "Fewer lost details." --generality "Yes, it names no task at all."'
    ' --kind "control flow" --chance 0.4'
)
SHELLS = ("Bash", "bash", "exec_command", "shell", "shell_command", "run_shell_command")
SECONDS = 180.0
MODELS: Mapping[str, tuple[type[SdkModel], str]] = {
    "claude-code": (AnthropicModel, "anthropic/claude-sonnet-4-5"),
    "codex": (OpenAIResponsesModel, "openai/gpt-5.5"),
    "gemini-cli": (OpenAIChatModel, "gemini/gemini-2.5-pro"),
    "opencode": (AnthropicModel, "anthropic/claude-sonnet-4-5"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a program got."""

    preset: str
    submitted: bool
    remark: str
    calls: int
    image_s: float
    step_s: float


def answer(request: ChatRequest) -> ChatReply:
    """Let the program's shell do the work once, then say goodbye."""
    shells = [tool for tool in request.tools if tool.name in SHELLS]
    if not shells or any(message.role == "tool" for message in request.messages):
        return reply("Done.")
    return reply("I edit.", _call(shells[0]))


def _call(shell: ToolSpec) -> ToolCall:
    fields = shell.parameters.get("properties")
    name = "cmd" if isinstance(fields, dict) and "cmd" in fields else "command"
    return ToolCall(id="call_1", name=shell.name, arguments=json.dumps({name: SCRIPT}))


def model(preset: str, provider: LoopbackProvider) -> ChatModel:
    """A model that the program knows by its name, in the format that the program speaks."""
    kind, name = MODELS[preset]
    base = provider.origin if kind is AnthropicModel else provider.openai_url
    return kind(name, api_base=base, environ={})


def measure(preset: str, folder: Path) -> Reached:
    """Make the image and let the program work on one step."""
    began = time.monotonic()
    with (
        LoopbackProvider(model=ScriptedModel(answer)) as provider,
        DockerSandbox(ROOT, run="benchmark-outside") as sandbox,
        SocketGateway(model(preset, provider), clock=SystemClock()) as gateway,
    ):
        image = sandbox.meta_image(preset)
        ready = time.monotonic()
        proposer = OutsideProposer(
            sandbox,
            gateway,
            program=replace(PRESETS[preset], seconds=SECONDS),
            image=image,
            folder=folder / preset,
        )
        outcome = proposer.propose(desk())
    return Reached(
        preset=preset,
        submitted=outcome.proposal is not None,
        remark=_remark(outcome, folder / preset),
        calls=outcome.usage.calls,
        image_s=round(ready - began, 1),
        step_s=round(time.monotonic() - ready, 1),
    )


def desk() -> DeskFake:
    """A step with one failing train trial."""
    standing = TaskStanding(task="csv", family="csv", passes=0, attempts=1, mean_reward=0.0)
    trace = TraceSummary(
        trial="csv__1",
        task="csv",
        step=0,
        agent="incumbent",
        reward=0.0,
        outcome="scored",
        failure="",
        model_calls=1,
        seconds=1.0,
    )
    return DeskFake(
        source=SOURCE,
        standings=[standing],
        summaries=[trace],
        transcripts={"csv__1": "--- 1 user\nSort it."},
    )


def _remark(outcome: ProposalOutcome, folder: Path) -> str:
    if outcome.proposal is not None:
        return "submitted"
    said = (*folder.glob("*/output.txt"), *folder.glob("*/program.jsonl"))
    printed = "".join(path.read_text()[-300:] for path in said)
    return f"{outcome.reason}: {printed.strip()}"


def main(arguments: Sequence[str]) -> int:
    """Print a row for each preset; 1 when one of them did not submit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", nargs="*", default=list(PRESETS), choices=list(PRESETS))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    wish = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="autoloop-outside-") as folder:
        try:
            found = [measure(preset, Path(folder)) for preset in wish.preset]
        except AutoloopError as error:
            print(error, file=sys.stderr)
            return 1
    if wish.json:
        print(json.dumps({one.preset: _facts(one) for one in found}))
    else:
        for one in found:
            print(
                f"{one.preset:12} {one.calls} model calls, image {one.image_s:g} s,"
                f" step {one.step_s:g} s: {one.remark}"
            )
    return 0 if all(one.submitted for one in found) else 1


def _facts(one: Reached) -> dict[str, object]:
    return {
        "submitted": one.submitted,
        "remark": one.remark,
        "model_calls": one.calls,
        "image_s": one.image_s,
        "step_s": one.step_s,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
