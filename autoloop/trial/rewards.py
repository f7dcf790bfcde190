"""Reads what a verifier wrote, as hostile data: size, type, range of numbers, one place.

The rules are Harbor's (reward.json before reward.txt, no fallback from a bad one), see its
`verifier/verifier.py` in version 0.24.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from autoloop.ports import Container

REWARD_BYTES = 64_000
FOLDER = PurePosixPath("/logs/verifier")
JSON = "reward.json"
NAMES = (JSON, "reward.txt")
"""The first that is there counts."""


class RewardProblem(Exception):  # noqa: N818 - a finding about the verifier, not an error of ours
    """There is no usable reward; `kind` is the name Harbor gives it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def read_rewards(container: Container, *, fetched: Path | None = None) -> Mapping[str, float]:
    """Rewards by name, from the container the verifier ran in.

    `fetched` is a folder of the host that its /logs/verifier was copied to, as far as it could be.

    Raises:
        RewardProblem: none was written, or it is not usable.
    """
    for name in NAMES:
        try:
            data = content_of(container, name, fetched)
        except FileNotFoundError:
            continue
        except ValueError as error:
            problem = f"{FOLDER / name}: {error}"
            raise RewardProblem("VerifierOutputParseError", problem) from error
        return parsed(name, data)
    raise RewardProblem(
        "RewardFileNotFoundError",
        f"The verifier wrote neither {FOLDER}/reward.json nor {FOLDER}/reward.txt.",
    )


def parsed(name: str, data: bytes) -> Mapping[str, float]:
    """Rewards as the file of this name holds them.

    Raises:
        RewardProblem: it is not usable.
    """
    path = str(FOLDER / name)
    if not data:
        raise RewardProblem("RewardFileEmptyError", f"{path} is empty.")
    return _from_json(data, path) if name == JSON else _from_text(data, path)


def content_of(container: Container, name: str, fetched: Path | None) -> bytes:
    """A file that was fetched is not asked for again: the engine takes as long as for a command.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no plain file, or too large.
    """
    copy = fetched / name if fetched else None
    if copy is not None and copy.is_file() and copy.stat().st_size <= REWARD_BYTES:
        return copy.read_bytes()
    return container.read(str(FOLDER / name), max_bytes=REWARD_BYTES)


def counted_reward(rewards: Mapping[str, float], rule: str = "auto") -> float:
    """The number that counts: `auto` is `reward` if present, else the mean; or `mean`; or a key.

    Raises:
        RewardProblem: there is no number at all, or none of that key.
    """
    if not rewards:
        raise RewardProblem("VerifierOutputParseError", f"{FOLDER}/reward.json names no reward.")
    mean = sum(rewards.values()) / len(rewards)
    if rule == "auto":
        return rewards.get("reward", mean)
    if rule == "mean":
        return mean
    if rule not in rewards:
        raise RewardProblem(
            "RewardKeyError",
            f"The setting `reward` names the key {rule!r}, which the verifier did not write; it"
            f" wrote {', '.join(map(repr, sorted(rewards)))[:1_000]}.",
        )
    return rewards[rule]


def mean_rewards(rewards: Sequence[Mapping[str, float]], *, steps: int) -> Mapping[str, float]:
    """The mean of each key over so many steps; those that gave nothing, or not this key, are 0."""
    keys = dict.fromkeys(key for given in rewards for key in given)
    return {key: sum(given.get(key, 0.0) for given in rewards) / steps for key in keys}


def _from_text(data: bytes, path: str) -> Mapping[str, float]:
    try:
        return {"reward": _finite(float(data.decode()), path)}
    except ValueError as error:
        raise RewardProblem(
            "VerifierOutputParseError", f"{path} holds {data[:80]!r}, which is no number."
        ) from error


def _from_json(data: bytes, path: str) -> Mapping[str, float]:
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RewardProblem(
            "VerifierOutputParseError", f"{path} holds {data[:80]!r}, which is not JSON."
        ) from error
    if not isinstance(table, dict):
        raise RewardProblem(
            "VerifierOutputParseError", f"{path} holds {data[:80]!r} in place of an object."
        )
    if any(_is_unwritable(name) for name in table):
        raise RewardProblem(
            "VerifierOutputParseError", f"{path} has a key that is no valid Unicode text."
        )
    return {name: _number(value, name, path) for name, value in table.items()}


def _is_unwritable(name: str) -> bool:
    """Half a surrogate pair, which JSON can spell but no file or database can hold."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _number(value: object, name: str, path: str) -> float:
    if not isinstance(value, int | float):
        raise RewardProblem(
            "VerifierOutputParseError", f"{path}, key {name[:80]!r}: {value!r} is no number."[:500]
        )
    try:
        return _finite(float(value), path)
    except OverflowError as error:
        raise RewardProblem(
            "VerifierOutputParseError", f"{path}: a number is too large."
        ) from error


def _finite(number: float, path: str) -> float:
    if not math.isfinite(number):
        raise RewardProblem("VerifierOutputParseError", f"{path}: {number} is not a finite number.")
    return number
