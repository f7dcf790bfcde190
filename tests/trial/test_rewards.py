"""Rewards as a verifier may write them: Harbor's rules, read as hostile data."""

from collections.abc import Mapping

import pytest

from autoloop.trial.rewards import RewardProblem, counted_reward, read_rewards
from tests.trial.builders import FOLDER, PaperContainer

JSON, TXT = "/logs/verifier/reward.json", "/logs/verifier/reward.txt"
MISSING, EMPTY = "RewardFileNotFoundError", "RewardFileEmptyError"
UNUSABLE = "VerifierOutputParseError"

GIVEN: Mapping[str, tuple[dict[str, object], dict[str, float]]] = {
    "a01 an integer": ({TXT: b"1\n"}, {"reward": 1.0}),
    "a02 white space around it": ({TXT: b"  0.25\n\n"}, {"reward": 0.25}),
    "a07 below zero": ({TXT: b"-3.5\n"}, {"reward": -3.5}),
    "a34 thirty digits": ({TXT: b"123456789012345678901234567890"}, {"reward": 1.23456789e29}),
    "exponent": ({TXT: b"1e-3"}, {"reward": 0.001}),
    "a09 JSON before text": ({TXT: b"1", JSON: b'{"reward": 0.5}'}, {"reward": 0.5}),
    "a10 several": ({JSON: b'{"acc": 1, "speed": 0.5}'}, {"acc": 1.0, "speed": 0.5}),
    "truth counts as a number": ({JSON: b'{"a": true, "b": false}'}, {"a": 1.0, "b": 0.0}),
    "an empty object": ({JSON: b"{}"}, {}),
}

REFUSED: Mapping[str, tuple[dict[str, object], str]] = {
    "a03 no bytes": ({TXT: b""}, EMPTY),
    "a04 white space only": ({TXT: b"\n"}, UNUSABLE),
    "a05 a word": ({TXT: b"pass\n"}, UNUSABLE),
    "a06 nan": ({TXT: b"nan"}, UNUSABLE),
    "infinity": ({TXT: b"-inf"}, UNUSABLE),
    "bytes that are no text": ({TXT: b"\xff\xfe1"}, UNUSABLE),
    "two numbers": ({TXT: b"1 1"}, UNUSABLE),
    "a08 nothing": ({}, MISSING),
    "a12 an object within": ({JSON: b'{"a": {"b": 1}}'}, UNUSABLE),
    "a13 a bare number": ({JSON: b"1"}, UNUSABLE),
    "a14 a number as text": ({JSON: b'{"reward": "1"}'}, UNUSABLE),
    "a16 bad JSON beside good text": ({JSON: b"{oops", TXT: b"1"}, UNUSABLE),
    "a17 empty JSON beside good text": ({JSON: b"", TXT: b"1"}, EMPTY),
    "a18 null": ({JSON: b'{"reward": null}'}, UNUSABLE),
    "a list": ({JSON: b"[1]"}, UNUSABLE),
    "NaN in JSON": ({JSON: b'{"reward": NaN}'}, UNUSABLE),
    "infinity in JSON": ({JSON: b'{"reward": 1e999}'}, UNUSABLE),
    "a number beyond floats": ({JSON: b'{"reward": 1' + b"0" * 400 + b"}"}, UNUSABLE),
    "a number beyond Python": ({JSON: b'{"reward": 1' + b"0" * 9000 + b"}"}, UNUSABLE),
    "nesting without end": ({JSON: b"[" * 60_000}, UNUSABLE),
    "half a surrogate pair": ({JSON: rb'{"\ud800": 1}'}, UNUSABLE),
    "more than is read": ({JSON: b" " * 70_000}, UNUSABLE),
    "a folder": ({JSON: FOLDER, TXT: b"1"}, UNUSABLE),
}


@pytest.mark.parametrize(("files", "rewards"), GIVEN.values(), ids=GIVEN.keys())
def test_rewards_are_read_as_harbor_reads_them(
    files: dict[str, object], rewards: dict[str, float]
) -> None:
    assert read_rewards(PaperContainer(files)) == pytest.approx(rewards)


@pytest.mark.parametrize(("files", "kind"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_reward_is_named_as_harbor_names_it(files: dict[str, object], kind: str) -> None:
    with pytest.raises(RewardProblem) as problem:
        read_rewards(PaperContainer(files))

    assert problem.value.kind == kind


@pytest.mark.parametrize(("files", "kind"), REFUSED.values(), ids=REFUSED.keys())
def test_every_refusal_names_the_file_in_a_short_sentence(
    files: dict[str, object], kind: str
) -> None:
    with pytest.raises(RewardProblem) as problem:
        read_rewards(PaperContainer(files))

    assert "/logs/verifier/reward." in str(problem.value), kind
    assert str(problem.value).endswith(".")
    assert len(str(problem.value)) < 600


def test_the_key_reward_is_the_number_that_counts() -> None:
    assert counted_reward({"aaa": 1.0, "reward": 0.25}) == 0.25


def test_without_the_key_reward_the_mean_counts() -> None:
    assert counted_reward({"acc": 1.0, "speed": 0.5}) == 0.75


def test_no_number_at_all_is_no_reward() -> None:
    with pytest.raises(RewardProblem, match="names no reward"):
        counted_reward({})


def test_the_mean_counts_where_the_rules_say_so() -> None:
    assert counted_reward({"reward": 0.0, "style": 1.0}, "mean") == 0.5


def test_a_key_counts_where_the_rules_name_it() -> None:
    assert counted_reward({"reward": 0.0, "style": 1.0}, "style") == 1.0


def test_a_key_that_the_rules_name_and_nobody_wrote_is_told_with_those_that_are_there() -> None:
    with pytest.raises(RewardProblem, match=r"'acc'.*wrote 'reward', 'style'\.$"):
        counted_reward({"reward": 0.0, "style": 1.0}, "acc")
