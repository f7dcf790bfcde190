"""Every fault of a provider at every kind of model, and a crowd of trials at one that often fails.

The provider is on loopback and speaks the three wire formats; models ask it through the real SDKs.
The crowd's agents sit at real trial sockets, each with an SDK or the harness's own client, and work
in a folder through them. Neither Docker nor a verifier is needed: a trial is scored by what its
folder holds in the end, which is wrong as soon as a single call was lost or made twice.
"""

import argparse
import json
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clients import BASH, BROKEN, WAYS, agent

from autoloop.app.clock import SystemClock
from autoloop.errors import AutoloopError, ModelError
from autoloop.gateway import SocketGateway
from autoloop.gateway.upstream.anthropic_model import AnthropicModel
from autoloop.gateway.upstream.limiter import Limiter
from autoloop.gateway.upstream.litellm_model import LitellmModel
from autoloop.gateway.upstream.openai_model import OpenAIChatModel, OpenAIResponsesModel
from autoloop.gateway.upstream.retry import Patience
from autoloop.ports import ChatModel, Grant, Session, Turn
from autoloop.records import (
    ChatReply,
    ChatRequest,
    Message,
    ModelCall,
    Quota,
    ToolCall,
    ToolSpec,
    Usage,
)
from autoloop.testing.environments import LocalEnv
from autoloop.testing.provider import FAULTS, PASSING, Fault, LoopbackProvider, Tally, always, share

KEY = "sk-a-key-of-the-benchmark-1234567890"
KEYS = {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}
COMMANDS = 3
ATTEMPTS = 3
"""Of a trial, where the provider did not get over it; as the loop's own runner has it."""


def models(
    origin: str, patience: Patience, *, silence_s: float
) -> Mapping[str, Callable[[], ChatModel]]:
    """Every kind of model before one server."""
    same: Any = {"timeout_s": silence_s, "patience": patience, "environ": KEYS}
    to_openai: Any = same | {"api_base": f"{origin}/v1"}
    to_anthropic: Any = same | {"api_base": origin}
    return {
        "anthropic": partial(AnthropicModel, "anthropic/claude-sonnet-5", **to_anthropic),
        "openai chat": partial(OpenAIChatModel, "openai/gpt-5", **to_openai),
        "openai responses": partial(OpenAIResponsesModel, "openai/responses/gpt-5", **to_openai),
        "litellm": partial(LitellmModel, "openai/gpt-4o", **to_openai),
    }


QUESTION = ChatRequest(
    messages=(Message(role="user", content="hi"),),
    tools=(ToolSpec(name="bash", parameters=BASH),),
    max_tokens=900,
)


class Worker:
    """The task model: so many commands, one after the other, then an end."""

    name = "worker"

    def complete(self, request: ChatRequest) -> ChatReply:
        """The next command, by how many results there are."""
        done = sum(message.role == "tool" for message in request.messages)
        message = Message(role="assistant", content="It is done.")
        if done < COMMANDS:
            arguments = json.dumps({"command": f"echo {done} >> done.txt"})
            call = ToolCall(id=f"call_{done}", name="bash", arguments=arguments)
            message = Message(role="assistant", tool_calls=(call,))
        sent = sum(len(one.content) for one in request.messages)
        usage = Usage(calls=1, prompt_tokens=50 + sent // 4, completion_tokens=8 + done)
        return ChatReply(message=message, stop_reason="stop", model=self.name, usage=usage)


@dataclass(kw_only=True)
class Ended:
    """A trial that has ended."""

    reward: float | None
    """None: not scored."""
    sessions: Sequence[Session]
    """One of each attempt."""
    answers: int
    """Answers of the model that its agent was given."""
    problems: Sequence[str]
    """Why attempts were not the last."""

    @property
    def attempts(self) -> int:
        """How often it was begun."""
        return len(self.sessions)

    @property
    def usage(self) -> Usage:
        """What its calls consumed, with answers that came after its end as far as they came."""
        return sum((session.usage for session in self.sessions), Usage())


def run_trial(gateway: SocketGateway, folder: Path, number: int) -> Ended:
    """A trial with its repeats, as the loop has them where the machine was at fault."""
    answers, problem, problems, sessions = 0, "", list[str](), list[Session]()
    for attempt in range(1, ATTEMPTS + 1):
        place = folder / f"{number}-{attempt}"
        place.mkdir(parents=True)
        name = f"trial-{number}-{attempt}"
        grant = Grant(trial=name, agent_source="", seed=number, quota=Quota())
        with gateway.open(grant) as session:
            session.begin(Turn(instruction=name, env=LocalEnv(place)))
            problem = _problem(session, WAYS[number % len(WAYS)], name)
            sessions.append(session)
            answers += sum(isinstance(e, ModelCall) and e.reply is not None for e in session.events)
            if session.trouble is None:
                break
            problems.append(problem or f"{session.trouble}")
    done = place / "done.txt"
    lines = done.read_text().split() if done.exists() else []
    reward = float(lines == [f"{at}" for at in range(COMMANDS)])
    return Ended(
        reward=None if problem else reward,
        sessions=sessions,
        answers=answers,
        problems=problems,
    )


def _problem(session: Session, way: str, instruction: str) -> str:
    try:
        with agent(way, str(session.folder / "sock")) as act:
            act(instruction)
    except BROKEN as error:
        return f"{way}: {type(error).__name__}: {error}"
    return ""


@dataclass(kw_only=True)
class Crowd:
    """What became of a crowd of trials at one kind of model."""

    ended: Sequence[Ended]
    tally: Tally
    seconds: float
    least_at_once: int
    """The lowest number of calls at once to which the provider's queue went down."""

    @property
    def usage(self) -> Usage:
        """What all trials counted."""
        return sum((one.usage for one in self.ended), Usage())

    @property
    def scored(self) -> int:
        """Trials with the one right reward."""
        return sum(one.reward == 1.0 for one in self.ended)

    @property
    def paid_twice(self) -> int:
        """Whole answers that no agent was given; empty ones are no answers."""
        empty = sum(self.tally.faults.get(name, 0) for name in ("empty", "blank"))
        return self.tally.answered.calls - empty - sum(one.answers for one in self.ended)

    @property
    def differences(self) -> Mapping[str, int]:
        """By what the gateway's totals differ from the provider's own count."""
        known, mine = self.tally.answered + self.tally.told, self.usage
        return {
            "prompt": mine.prompt_tokens - known.prompt,
            "output": mine.completion_tokens - known.output,
            "cached": mine.cached_tokens - known.cached,
            "written": mine.written_tokens - known.written,
            "broken off": mine.lost - self.tally.unanswered,
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large a crowd, and how bad the provider."""

    trials: int = 500
    share: float = 0.2
    workers: int = 16
    silence_s: float = 8.0
    first_wait_s: float = 0.05
    date_wait_s: float = 1.0
    """What is asked for by a date, which has whole seconds only."""

    @property
    def faults(self) -> Sequence[Fault]:
        """All that may pass."""
        return [
            replace(fault, wait_s=self.date_wait_s) if fault.retry_after == "date" else fault
            for fault in PASSING.values()
        ]


class Watched(Limiter):
    """A limiter that remembers how low it went."""

    least = 10**6

    def slow_down(self, *, since: float) -> None:
        """As every limiter."""
        super().slow_down(since=since)
        self.least = min(self.least, self.limit)


def crowd(kind: str, plan: Plan) -> Crowd:
    """Let a crowd of trials work at a provider that often fails."""
    limiter = Watched()
    patience = Patience(limiter=limiter, first_wait_s=plan.first_wait_s, longest_wait_s=2.0)
    with ExitStack() as stack:
        provider = stack.enter_context(LoopbackProvider(model=Worker()))
        model = models(provider.origin, patience, silence_s=plan.silence_s)[kind]()
        # Threads that come to litellm at once would each get a client, of which it keeps one.
        model.complete(QUESTION)
        provider.play()
        provider.script = share(plan.share, plan.faults)
        gateway = stack.enter_context(SocketGateway(model, clock=SystemClock()))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        pool = stack.enter_context(ThreadPoolExecutor(plan.workers))
        began = time.monotonic()
        ended = list(pool.map(partial(run_trial, gateway, folder), range(plan.trials)))
        return Crowd(
            ended=ended,
            tally=provider.tally,
            seconds=time.monotonic() - began,
            least_at_once=limiter.least,
        )


# The table: each fault three times in a row at each kind of model.


def table() -> Iterator[tuple[str, Mapping[str, str]]]:
    """For each fault what came of it, by kind of model."""
    patience = Patience(attempts=3, sleep=lambda _s: None, jitter=random.random)
    with LoopbackProvider() as provider:
        at_server = models(provider.origin, patience, silence_s=0.4)
        built = {kind: build() for kind, build in at_server.items()}
        for name, fault in FAULTS.items():
            yield name, {kind: _came_of(model, provider, fault) for kind, model in built.items()}
        with closing(socket.socket()) as unused:
            unused.bind(("127.0.0.1", 0))
            nowhere = {
                "connection refused": f"http://127.0.0.1:{unused.getsockname()[1]}",
                "DNS failure": "http://nobody.invalid",
                "TLS failure": provider.origin.replace("http", "https"),
            }
            for name, origin in nowhere.items():
                found = models(origin, patience, silence_s=0.4)
                yield name, {kind: _ending(build()) for kind, build in found.items()}


def _came_of(model: ChatModel, provider: LoopbackProvider, fault: Fault) -> str:
    provider.play(fault)
    once = _ending(model)
    if provider.tally.requests == 1:
        return once
    provider.script = always(fault)
    return f"{once}; if it stays: {_ending(model)}"


def _ending(model: ChatModel) -> str:
    try:
        reply = model.complete(QUESTION)
    except ModelError:
        return "stops the run"
    except AutoloopError as error:
        return type(error).__name__
    return {"tool_calls": "answered", "refusal": "answered: refusal"}.get(reply.stop_reason, "?")


def print_table() -> None:
    """A line for each fault."""
    print(f"{'fault':22}what comes of it")
    for name, endings in table():
        groups: dict[str, list[str]] = {}
        for kind, ending in endings.items():
            groups.setdefault(ending, []).append(kind)
        told = [
            ending if len(groups) == 1 else f"{ending} ({', '.join(kinds)})"
            for ending, kinds in groups.items()
        ]
        print(f"{name:22}{' | '.join(told)}")


def print_crowd(kind: str, done: Crowd) -> None:
    """What became of a crowd."""
    tally, usage = done.tally, done.usage
    unknown = tally.lost.prompt + tally.lost.output - tally.told.prompt - tally.told.output
    print(f"\n{kind}: {len(done.ended)} trials in {done.seconds:.0f} s")
    print(f"  scored rightly           {done.scored} of {len(done.ended)}")
    print(f"  run more than once       {sum(one.attempts > 1 for one in done.ended)}")
    print(f"  requests, failed         {tally.requests}, {sum(tally.faults.values())}")
    print(f"  most, least at once      {tally.most_at_once}, {done.least_at_once}")
    print(f"  answers paid twice       {done.paid_twice}")
    print(f"  tokens here, there       {usage.tokens:,}, {_known(tally):,}")
    print(f"  broken off here, there   {usage.lost}, {tally.unanswered}")
    print(f"  charged and never told   {unknown:,} tokens in {tally.lost.calls} calls")
    print(f"  differences              {dict(done.differences)}")
    for one in done.ended:
        for problem in one.problems:
            print(f"  run again: {problem}")


def _known(tally: Tally) -> int:
    known = tally.answered + tally.told
    return known.prompt + known.output


def summary(done: Crowd) -> dict[str, object]:
    """The figures of a crowd."""
    return {
        "trials": len(done.ended),
        "scored": done.scored,
        "seconds": round(done.seconds, 1),
        "requests": done.tally.requests,
        "faults": sum(done.tally.faults.values()),
        "paid_twice": done.paid_twice,
        "tokens": done.usage.tokens,
        "provider_tokens": _known(done.tally),
        "broken_off": done.usage.lost,
        "charged_unknown_calls": done.tally.lost.calls,
        "differences": dict(done.differences),
    }


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500, help="in all, over all kinds of models")
    parser.add_argument("--share", type=float, default=0.2, help="of requests that fail")
    parser.add_argument("--workers", type=int, default=16, help="trials at once")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    args = parser.parse_args()
    os.environ.update(KEYS)
    kinds = list(models("", Patience(), silence_s=1.0))
    plan = Plan(trials=args.trials // len(kinds), share=args.share, workers=args.workers)
    if args.json:
        crowds = {kind: summary(crowd(kind, plan)) for kind in kinds}
        print(json.dumps({"table": dict(table()), "crowds": crowds}))
        return
    print_table()
    played: Counter[str] = Counter()
    for kind in kinds:
        done = crowd(kind, plan)
        played.update(done.tally.faults)
        print_crowd(kind, done)
    print("\nfaults played:", ", ".join(f"{name} {n}" for name, n in sorted(played.items())))


if __name__ == "__main__":
    main()
