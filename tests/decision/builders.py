"""Evidence that names only what matters to a test, and an engine that plays trials."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from autoloop.ports import KeepRule
from autoloop.records import Evidence, Score, Side, Split, Verdict, Want

TRAIN = tuple(f"t{i:02}" for i in range(12))
VALIDATION = tuple(f"v{i}" for i in range(6))
Play = Callable[[Side, str, int], float]
"""Reward of a side's n-th attempt at a task."""


def make_evidence(
    *,
    train: tuple[str, ...] = TRAIN,
    validation: tuple[str, ...] = VALIDATION,
    sizes: tuple[int, int] = (100, 100),
    free: int = 4,
) -> Evidence:
    return Evidence(
        train=train,
        validation=validation,
        scores=(),
        free=free,
        candidate_size=sizes[0],
        incumbent_size=sizes[1],
    )


def scores_of(side: Side, rewards: Mapping[str, Sequence[float]]) -> tuple[Score, ...]:
    return tuple(
        Score(
            side=side,
            task=task,
            split=Split.TRAIN if task in TRAIN else Split.VALIDATION,
            attempt=attempt,
            reward=reward,
        )
        for task, attempts in rewards.items()
        for attempt, reward in enumerate(attempts)
    )


def finish(evidence: Evidence, want: Want, play: Play) -> Evidence:
    """The evidence after one trial of this kind ended."""
    attempt = sum(s.side is want.side and s.task == want.task for s in evidence.scores)
    reward = play(want.side, want.task, attempt)
    rewards = {want.task: [0.0] * attempt + [reward]}
    score = scores_of(want.side, rewards)[-1]
    return replace(evidence, scores=(*evidence.scores, score))


def settle(rule: KeepRule, evidence: Evidence, play: Play) -> tuple[Verdict, Evidence]:
    """Run what the rule asks for until it decides."""
    while not isinstance(answer := rule.decide(evidence), Verdict):
        assert answer.wants, "nothing runs and the rule waits"
        for want in answer.wants:
            for _ in range(want.count):
                evidence = finish(evidence, want, play)
    return answer, evidence


def better_by(share: int) -> Play:
    """The incumbent fails all tasks; the candidate passes one in `share`."""
    return lambda side, task, _: float(side is Side.CANDIDATE and int(task[1:]) % share == 0)


def spent(evidence: Evidence, side: Side) -> int:
    return sum(score.side is side for score in evidence.scores)
