"""Coding agents in the meta-agent's place, played by scripts: what they get and what they leave."""

import json
import threading
from dataclasses import replace

import pytest
from docker.api.client import APIClient

from autoloop.errors import ModelError
from autoloop.ports import USUAL_REPLY_TOKENS
from autoloop.records import ChatReply, ChatRequest, Decision, Finding, Quota, Usage
from autoloop.testing.models import ScriptedModel, reply
from tests.meta.builders import PLEADING, SOURCE, desk, step
from tests.meta.outside.conftest import EDIT, RUN, SUBMIT, Workplace

pytestmark = pytest.mark.docker

ASK = (
    'curl() { python3 -c "import json,os,sys,urllib.request as u;'
    "r=u.Request(os.environ['OPENAI_BASE_URL']+'/chat/completions',json.dumps("
    "{'model':'any','messages':[{'role':'user','content':sys.argv[1]}]}).encode(),"
    "{'Content-Type':'application/json'});"
    "print(json.load(u.urlopen(r))['choices'][0]['message']['content'])\" \"$1\"; }; "
)


def test_an_edit_that_is_submitted_after_a_spot_check_is_the_proposal(workplace: Workplace) -> None:
    done = workplace.run(f"{EDIT}; autoloop-step spot_check --tasks csv logs; {SUBMIT}")

    proposal = done.outcome.proposal
    assert proposal is not None
    assert proposal.source == SOURCE.replace("Solve it", "Solve it with care")
    assert proposal.title == "Use another prompt"
    assert done.desk.spot_checks == [(proposal.source, ("csv", "logs"))]
    assert "2 spot checks left" in done.printed


def test_what_the_desk_holds_lies_in_the_workspace(workplace: Workplace) -> None:
    workplace.desk = desk({"csv__1": "--- 1 user\nSort it."}, steps=[step(1, title="Be brief")])
    workplace.desk.diffs = {1: "-old\n+new"}
    workplace.desk.notes = "Sorting is hard."

    done = workplace.run(
        "cat README.md program.md scoreboard.txt traces/INDEX.tsv traces/csv__1.txt"
        " steps/INDEX.txt steps/0001.txt steps/0001.diff notebook.md agent.py"
    )

    for words in (
        "# Step 2: improve",
        "Make it solve more tasks.",
        "2 train tasks",
        "csv__1.txt",
        "Sort it.",
        "'Be brief'",
        "+new",
        "Sorting is hard.",
        "def solve(",
    ):
        assert words in done.printed


def test_the_same_views_as_in_a_conversation_are_a_command(workplace: Workplace) -> None:
    done = workplace.run(
        "autoloop-step; autoloop-step scoreboard; autoloop-step read_trace --trial csv__1 --page 1;"
        " autoloop-step search_traces --pattern 'sort' --failed_only; autoloop-step status"
    )

    for words in ("submit:", "mean reward 0.500", "page 1 of 1", "1 lines in 1", "minutes"):
        assert words in done.printed


def test_the_notebook_comes_back_as_text(workplace: Workplace) -> None:
    done = workplace.run("echo Mind the header > n; autoloop-step write_notebook --text @n")

    assert done.desk.notes == "Mind the header\n"


def test_arguments_may_come_as_json(workplace: Workplace) -> None:
    submission = {**PLEADING, "predicted": [{"task": "csv"}]}

    done = workplace.run(f"{EDIT}; echo '{json.dumps(submission)}' | autoloop-step submit --json -")

    assert done.outcome.proposal is not None
    assert [one.task for one in done.outcome.proposal.predicted] == ["csv"]


def test_a_changed_agent_that_nobody_submitted_is_no_edit(workplace: Workplace) -> None:
    done = workplace.run(EDIT)

    assert done.outcome.proposal is None
    assert "without a submission: exit code 0; agent.py was changed" in done.outcome.reason


def test_what_the_guards_block_is_told_and_can_be_mended(workplace: Workplace) -> None:
    def guard(_before: str, after: str) -> tuple[Finding, ...]:
        found = Finding(rule="words", severity="block", message="It names a task.")
        return (found,) if "csv" in after else ()

    workplace.desk.guard = guard

    done = workplace.run(
        f"cp agent.py good; echo '# csv' >> agent.py; echo 'x = 1' >> agent.py; {SUBMIT} && exit 9;"
        f" cp good agent.py; {EDIT}; {SUBMIT}"
    )

    assert "It names a task." in done.printed
    assert done.outcome.proposal is not None


def test_guards_are_not_asked_for_ever(workplace: Workplace) -> None:
    workplace.desk.guard = lambda _before, _after: (
        Finding(rule="words", severity="block", message="No."),
    )

    done = workplace.run(
        f"{EDIT}; for i in $(seq 30); do autoloop-step check_agent >out; done; cat out", grace_s=2
    )

    assert done.outcome.reason == "something was said against 20 drafts"


def test_when_its_time_is_over_it_is_asked_to_end_and_may_still_submit(
    workplace: Workplace,
) -> None:
    done = workplace.run(
        f"{EDIT}; trap 'autoloop-step status; {SUBMIT}; exit' TERM; while :; do sleep 0.1; done",
        seconds=1.0,
        grace_s=20.0,
    )

    assert "your time is over" in done.printed
    assert done.outcome.proposal is not None


def test_who_does_not_end_in_time_is_ended_with_everything_it_started(
    workplace: Workplace, engine: APIClient
) -> None:
    done = workplace.run(
        "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & "
        "while :; do sleep 0.1; done",
        seconds=0.5,
        grace_s=0.5,
    )

    assert "was ended after" in done.outcome.reason
    running = engine.containers(filters={"label": f"autoloop.run={RUN}", "status": "running"})
    assert running == []


def test_who_ends_itself_from_inside_ends_the_step_alone(workplace: Workplace) -> None:
    done = workplace.run("kill -9 $PPID; sleep 30")

    assert done.outcome.proposal is None
    assert "container ended with exit code 137" in done.outcome.reason


@pytest.mark.parametrize(
    "trick",
    [
        "rm agent.py; ln -s /etc/passwd agent.py",
        "rm agent.py; ln -s ../etc/passwd agent.py",
        "rm agent.py; mkfifo agent.py",
        "rm agent.py; mkdir agent.py",
        "rm agent.py",
        "head -c 3000000 /dev/zero > agent.py",
        "head -c 300000 /dev/zero | tr '\\0' x > agent.py",
        "printf '\\377\\376' > agent.py",
    ],
)
def test_only_a_plain_file_of_sensible_size_is_an_agent(workplace: Workplace, trick: str) -> None:
    done = workplace.run(f"{trick}; {SUBMIT} 2>&1 && exit 3; echo refused")

    assert done.outcome.proposal is None
    assert "refused" in done.printed
    assert "was ended" not in done.outcome.reason
    assert "root:" not in done.text("events.jsonl")


def test_there_is_no_way_out_but_the_models(workplace: Workplace) -> None:
    done = workplace.run(
        ASK + "curl 'Is anybody there?'; ls /sys/class/net; ls /run/autoloop; cat /proc/net/route;"
        " python3 -c \"import socket; socket.create_connection(('172.17.0.1', 80), 2)\" 2>&1;"
        " ls /var/run/docker.sock 2>&1; env; touch /usr/x 2>&1; touch traces/x 2>&1"
    )

    assert "I would add a check." in done.printed
    assert "Network is unreachable" in done.printed
    assert "eth0" not in done.printed
    assert done.printed.count("Read-only file system") == 2
    assert "cannot access '/var/run/docker.sock'" in done.printed


def test_keys_of_this_machine_are_nowhere_in_the_container(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret-1234567890")

    done = workplace.run(
        "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; grep -rsl sk-ant-secret /opt /workspace"
        " /tmp /run; echo printed sk-ant-secret-1234567890"
    )

    assert "ANTHROPIC_API_KEY=unused-inside-the-sandbox" in done.printed
    assert done.printed.count("sk-ant-secret") == 0
    assert "printed ***" in done.printed


def test_hidden_tasks_are_not_to_be_asked_for(workplace: Workplace) -> None:
    done = workplace.run(
        f"{EDIT}; autoloop-step spot_check --tasks holdout/one; autoloop-step read_trace --trial"
        " ../holdout; autoloop-step nonsense; grep -rs 'holdout/' /workspace /opt/autoloop"
    )

    for words in ("'holdout/one' is no train task", "there is no trace", "there is no tool"):
        assert words in done.printed
    assert done.desk.spot_checks == []


def test_the_door_gives_no_files_and_takes_no_nonsense(workplace: Workplace) -> None:
    done = workplace.run(
        'python3 - <<"E"\n'
        "import sys; sys.path.append('/opt')\n"
        "from autoloop.harness.door import Door\n"
        "door = Door('/run/autoloop/sock')\n"
        "for route, body in [('read', {'path': '/etc/passwd'}),\n"
        "    ('write', {'path': '/x', 'content_base64': ''}), ('run', {'command': '{'}),\n"
        "    ('run', {'command': '[]'}), ('run', {'command': '{\"tool\": \"help\", \"x\": 1}'})]:\n"
        "    answer = door.post('/autoloop/env/' + route, body)\n"
        "    print(answer.status, answer.body)\nE"
    )

    assert done.printed.count("files are in the workspace") == 2
    assert done.printed.count("Refused") == 3


def test_a_flood_of_output_is_kept_within_bounds(workplace: Workplace) -> None:
    done = workplace.run(f"yes flood | head -c 30000000; {EDIT}; {SUBMIT}")

    assert done.outcome.proposal is not None
    assert len(done.printed) < 1_000_000
    assert "Done: submitted." in done.printed


def test_lines_of_json_are_kept_as_the_programs_own_events(workplace: Workplace) -> None:
    done = workplace.run('echo \'{"type": "begun"}\'; echo words')

    assert json.loads(done.text("program.jsonl")) == {"type": "begun"}
    assert done.printed.strip() == "words"


def test_model_calls_are_counted_and_charged(workplace: Workplace) -> None:
    done = workplace.run(ASK + "curl one; curl two")

    assert done.outcome.usage.calls == 2
    assert done.outcome.usage.tokens == 30
    events = [json.loads(line) for line in done.text("events.jsonl").splitlines()]
    assert [event["last_message"] for event in events] == ["one", "two"]


class OneLeftOver:
    """A model that answers "two" when it was asked "one" as well, and that one never in time."""

    name = "slow"

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def complete(self, request: ChatRequest) -> ChatReply:
        if request.messages[-1].content == "one":
            self.asked.set()
            self.go_on.wait(60)
        assert self.asked.wait(20)
        return reply("ok", usage=Usage(calls=1, prompt_tokens=10, completion_tokens=5))


def test_a_call_in_flight_at_the_end_is_charged_with_the_most_it_may_cost(
    workplace: Workplace,
) -> None:
    model = OneLeftOver()

    done = workplace.run(ASK + "curl one & curl two", model=model)
    model.go_on.set()

    assert (done.outcome.usage.calls, done.outcome.usage.lost) == (2, 1)
    assert done.outcome.usage.tokens > USUAL_REPLY_TOKENS
    assert json.loads(done.text("spent.json"))[-1]["lost"] == 1


def test_a_steps_share_of_the_model_ends_its_calls(workplace: Workplace) -> None:
    done = workplace.run(ASK + "curl one; curl two", quota=Quota(calls=1, tokens=None))

    assert len(done.model.requests) == 1
    assert "has used all of its 1 model calls" in done.outcome.reason


def test_a_model_that_refuses_for_good_stops_the_run(workplace: Workplace) -> None:
    model = ScriptedModel([ModelError("The key is wrong.")])

    with pytest.raises(ModelError, match="The key is wrong"):
        workplace.run(ASK + "curl one", model=model)


def test_the_run_is_charged_while_the_program_works(workplace: Workplace) -> None:
    done = workplace.run(ASK + f"curl one; curl two; {EDIT}; {SUBMIT}")

    assert done.desk.charged[-1] == done.outcome.usage
    assert done.outcome.usage.calls == 2


def greedy() -> ScriptedModel:
    """A model that takes more than what its request was bounded to."""
    dear = Usage(calls=1, prompt_tokens=40, completion_tokens=5)
    return ScriptedModel(lambda _: reply("Hm.", usage=dear))


def test_a_step_ends_at_once_when_the_run_does_not_pay_for_it_any_more(
    workplace: Workplace, engine: APIClient
) -> None:
    workplace.desk.purse, model = 40, greedy()

    done = workplace.run(
        ASK + "curl one; while :; do curl more; done", seconds=300, grace_s=300, model=model
    )

    assert done.outcome.reason == "its share of the run's tokens is used up"
    assert len(model.requests) == 1
    running = engine.containers(filters={"label": f"autoloop.run={RUN}", "status": "running"})
    assert running == []


def test_a_question_that_comes_too_late_is_answered_before_all_is_ended(
    workplace: Workplace,
) -> None:
    workplace.desk.purse = 40

    done = workplace.run(
        ASK + f"curl one; {EDIT}; {SUBMIT}; sleep 300", seconds=300, grace_s=300, model=greedy()
    )

    assert done.outcome.reason == "its share of the run's tokens is used up"


def test_no_call_is_made_that_would_reach_into_what_is_kept_back(workplace: Workplace) -> None:
    workplace.desk.purse = 20

    done = workplace.run(ASK + f"curl one; curl {'two' * 20}; {EDIT}; {SUBMIT}")

    (request,) = done.model.requests
    assert request.max_tokens is not None
    assert request.max_tokens < 20
    assert done.outcome.usage.tokens == 15
    assert done.outcome.proposal is not None


def test_what_the_run_does_not_pay_for_is_not_even_started(workplace: Workplace) -> None:
    workplace.desk.purse = -1

    done = workplace.run(ASK + f"curl one; {EDIT}; {SUBMIT}")

    assert done.outcome.reason == "its share of the run's tokens is used up"
    assert (done.model.requests, list(done.folder.glob("*/output.txt"))) == ((), [])


def test_a_spot_check_that_takes_what_was_left_ends_the_step(workplace: Workplace) -> None:
    def spend(_source: str, _task: str) -> float:
        workplace.desk.purse = -1
        return 1.0

    workplace.desk.reward = spend

    done = workplace.run(
        f"{EDIT}; autoloop-step spot_check --tasks csv; while :; do sleep 1; done",
        seconds=300,
        grace_s=300,
    )

    assert done.outcome.reason == "its share of the run's tokens is used up"


class StopError(Exception):
    """The run is to end."""


def test_who_asks_the_run_to_end_does_not_wait_for_the_program(
    workplace: Workplace, engine: APIClient
) -> None:
    workplace.desk.stop = StopError()

    with pytest.raises(StopError):
        workplace.run(ASK + "curl one; sleep 300", seconds=300)

    running = engine.containers(filters={"label": f"autoloop.run={RUN}", "status": "running"})
    assert running == []


def test_a_spot_check_that_ends_the_run_leaves_nobody_waiting(workplace: Workplace) -> None:
    def end(_source: str, _task: str) -> float:
        raise StopError

    workplace.desk.reward = end

    with pytest.raises(StopError):
        workplace.run(f"{EDIT}; autoloop-step spot_check --tasks csv; sleep 300", seconds=300)


def test_a_step_that_was_cut_off_is_begun_anew_and_says_what_was_paid(
    workplace: Workplace,
) -> None:
    workplace.desk.stop = StopError()
    with pytest.raises(StopError):
        workplace.run(ASK + "curl one; sleep 300", seconds=300)
    workplace.desk.stop = None
    paid = json.loads(next(workplace.folder.glob("*/spent.json")).read_text())[0]["calls"]

    done = workplace.run(f"grep 'cut off' README.md; {EDIT}; {SUBMIT}")

    assert "This step was begun before and cut off" in done.text("output-2.txt")
    assert done.outcome.usage.calls == paid


def test_a_command_that_is_not_there_is_said(workplace: Workplace) -> None:
    done = workplace.run("exec no-such-program")

    assert "exit code 127" in done.outcome.reason


def test_what_became_of_an_earlier_step_is_told_to_the_next(workplace: Workplace) -> None:
    earlier = replace(step(1, decision=Decision.EMPTY), lesson="the coding agent ended")
    workplace.desk = desk(steps=[earlier])

    done = workplace.run("cat steps/INDEX.txt")

    assert "the coding agent ended" in done.printed
