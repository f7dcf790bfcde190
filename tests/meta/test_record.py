"""A conversation on disk: taken up where it was cut off, wherever that was."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.errors import InfraError, ModelError, ProviderError
from autoloop.meta import ConversationProposer
from autoloop.meta.record import MOST_BYTES, TalkRecord
from autoloop.ports import ProposalOutcome
from autoloop.records import ChatReply, Thought, Usage, charge
from autoloop.testing.desk import DeskFake
from autoloop.testing.models import ScriptedModel, reply
from tests.meta.builders import PLEADING, call, desk

EDIT = call("edit_agent", old="Solve it.", new="Solve it well.")
SCRIPT = (
    reply("Let me see.", call("scoreboard"), call("read_notebook")),
    reply("", EDIT),
    reply("Hm."),
    reply("", call("check_agent"), call("spot_check", tasks=["csv"])),
    reply("", call("write_notebook", text="Learnt.")),
    reply("", call("submit", **PLEADING)),
)


def talk(folder: Path, own: DeskFake, replies: Sequence[ChatReply | Exception]) -> int:
    """How many calls were paid until it ended."""
    model = ScriptedModel(replies)
    with_record = ConversationProposer(model, folder=folder)
    try:
        with_record.propose(own)
    except ModelError:
        return len(model.requests) - 1
    return len(model.requests)


def finished(folder: Path, own: DeskFake, replies: Sequence[ChatReply]) -> ProposalOutcome:
    return ConversationProposer(ScriptedModel(replies), folder=folder).propose(own)


@pytest.mark.parametrize("paid", range(len(SCRIPT)))
def test_a_conversation_goes_on_where_it_was_cut_off(tmp_path: Path, paid: int) -> None:
    own, whole = desk(), finished(tmp_path / "whole", desk(), SCRIPT)
    assert talk(tmp_path, own, [*SCRIPT[:paid], ModelError("No network.")]) == paid

    outcome = finished(tmp_path, own, SCRIPT[paid:])

    assert outcome == whole
    assert len(own.spot_checks) == 1


def test_thoughts_and_their_seals_go_back_to_the_model_that_had_them(tmp_path: Path) -> None:
    thought = Thought(text="The check is missing.", seal="c2VhbGVk", form="anthropic", id="t1")
    thinking = replace(SCRIPT[1], message=replace(SCRIPT[1].message, thoughts=(thought,)))
    own = desk()
    talk(tmp_path, own, [SCRIPT[0], thinking, ModelError("No network.")])
    model = ScriptedModel(SCRIPT[2:])

    ConversationProposer(model, folder=tmp_path).propose(own)

    assert thinking.message in model.requests[0].messages


def test_a_conversation_that_is_recorded_to_its_end_asks_and_tries_nothing(tmp_path: Path) -> None:
    whole = finished(tmp_path, desk(), SCRIPT)
    again = desk()

    outcome = finished(tmp_path, again, ())

    assert outcome == whole
    assert again.spot_checks == []
    assert again.notes == ""


def test_what_was_shown_stays_as_it_was_though_the_run_went_on(tmp_path: Path) -> None:
    talk(tmp_path, desk(), [SCRIPT[0], ModelError("No network.")])
    later = desk()
    later.notes, later.budget_left = "Other notes.", "nothing"
    model = ScriptedModel(SCRIPT[1:])

    ConversationProposer(model, folder=tmp_path).propose(later)

    said = "\n".join(message.content for message in model.requests[0].messages)
    assert "Other notes." not in said
    assert "no limit" in said


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_a_line_that_was_half_written_is_written_again(tmp_path: Path, cut: int) -> None:
    whole = finished(tmp_path / "whole", desk(), SCRIPT)
    talk(tmp_path, desk(), [*SCRIPT[:2], ModelError("No network.")])
    (file,) = tmp_path.glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]) + lines[-1][:-cut])

    outcome = finished(tmp_path, desk(), SCRIPT[2:])

    assert outcome == whole
    kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
    assert kinds.count("reply") == len(SCRIPT)


def test_steps_and_edits_made_anew_have_records_of_their_own(tmp_path: Path) -> None:
    anew = desk()
    anew.rebase = "-A\n+B"
    second = desk()
    second.step = 2

    for own in (desk(), anew, second):
        assert talk(tmp_path, own, SCRIPT) == len(SCRIPT)

    assert len(list(tmp_path.glob("step-0001-*.jsonl"))) == 2
    assert len(list(tmp_path.glob("step-0002-*.jsonl"))) == 1


def test_secrets_are_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-123456")
    own = desk({"csv__1": "echo sk-very-secret-123456"})
    look = reply("", call("read_trace", trial="csv__1"))

    talk(tmp_path, own, [look, *SCRIPT])

    (file,) = tmp_path.glob("*.jsonl")
    assert "sk-very-secret" not in file.read_text()
    assert "echo ***" in file.read_text()


def test_a_record_takes_no_more_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoloop.meta.record.MOST_BYTES", 9_000)
    looks = [reply("", call("write_notebook", text=f"{n}")) for n in range(100)]

    outcome = finished(tmp_path, desk(), looks)

    assert outcome.reason == "the record of the conversation is as large as it may become"
    (file,) = tmp_path.glob("*.jsonl")
    assert file.stat().st_size < 12_000
    assert MOST_BYTES > 10_000_000


def test_what_is_recorded_is_charged_once(tmp_path: Path) -> None:
    talk(tmp_path, desk(), [*SCRIPT[:4], ModelError("No network.")])
    own = desk()

    finished(tmp_path, own, SCRIPT[4:])

    assert [usage.calls for usage in own.charged] == [5, 6]


def test_a_model_that_answered_and_was_not_heard_is_charged_when_it_is(tmp_path: Path) -> None:
    record = TalkRecord(tmp_path / "one.jsonl")
    record.add_reply(reply("Hello.", usage=Usage(calls=1, prompt_tokens=7)))

    again = TalkRecord(tmp_path / "one.jsonl")
    told = [again.is_told]
    known = again.reply()
    told.append(again.is_told)

    assert known is not None
    assert (known.message.content, known.usage.prompt_tokens) == ("Hello.", 7)
    assert told == [False, True]
    assert again.reply() is None


@pytest.mark.parametrize("error", [ModelError("No key."), ProviderError("Overloaded.")])
def test_what_a_failed_call_cost_is_charged_and_stays_so_when_it_goes_on(
    tmp_path: Path, error: ModelError | ProviderError
) -> None:
    charge(error, Usage(prompt_tokens=900, lost=2))
    cut, whole = desk(), finished(tmp_path / "whole", desk(), SCRIPT)

    for failures in (2, 1):
        with pytest.raises((ModelError, InfraError)):
            ConversationProposer(
                ScriptedModel([*SCRIPT[: failures - 1], error]), folder=tmp_path
            ).propose(cut)
    outcome = finished(tmp_path, desk(), SCRIPT[1:])

    assert [usage.prompt_tokens for usage in cut.charged] == [10, 910, 1_810]
    assert outcome == replace(whole, usage=whole.usage + Usage(prompt_tokens=1_800, lost=4))


def test_a_failed_call_that_cost_nothing_leaves_nothing(tmp_path: Path) -> None:
    own = desk()

    talk(tmp_path, own, [SCRIPT[0], ModelError("No network.")])

    assert [usage.calls for usage in own.charged] == [1]
    assert "charged" not in next(tmp_path.glob("*.jsonl")).read_text()
