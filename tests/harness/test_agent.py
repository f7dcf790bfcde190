"""What an agent.py can rely on."""

import shutil
from pathlib import Path

from autoloop.errors import AgentError, ProviderError
from autoloop.records import AgentEnd, AgentNote, EnvCall, ModelCall, Quota, ToolCall
from autoloop.testing.models import ScriptedModel, reply
from tests.harness.conftest import MAIN, RunAgent

CALL = ToolCall(id="call_1", name="bash", arguments='{"command": "echo made > made.txt"}')
LOOP = """
    TOOLS = [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}]

    def solve(instruction, env, model):
        messages = [{"role": "user", "content": instruction}]
        while True:
            reply = model.chat(messages, tools=TOOLS, temperature=0.2)
            messages.append(reply.message)
            if not reply.tool_calls:
                print(reply.content, reply.finish_reason, reply.usage["total_tokens"])
                return
            for call in reply.tool_calls:
                result = env.run(call.arguments["command"], timeout_s=10)
                output = f"{result.stdout}{result.stderr}{result.exit_code}"
                messages.append({"role": "tool", "tool_call_id": call.id, "content": output})
    """

FILES = """
    def solve(instruction, env, model):
        env.write("/app/a.bin", bytes(range(256)))
        assert env.read("/app/a.bin") == bytes(range(256))
        env.write("/app/b.txt", "grün")
        try:
            env.read("/nowhere")
        except FileNotFoundError as error:
            env.note(f"missing: {type(error).__name__}")
        late = env.run("sleep 60", timeout_s=0.1)
        assert late.timed_out and late.exit_code == 124
    """
SDKS = """
    import anthropic, openai

    def solve(instruction, env, model):
        messages = [{"role": "user", "content": instruction}]
        with openai.OpenAI() as client:
            for chunk in client.chat.completions.create(
                model="gpt", messages=messages, stream=True
            ):
                print(chunk.choices[0].delta.content or "", end="")
        with anthropic.Anthropic() as client:
            answer = client.messages.create(model="claude", max_tokens=9, messages=messages)
        print(answer.content[0].text)
    """
FAILURES = """
    from autoloop.harness.errors import ModelUnavailable, RequestRefused

    def solve(instruction, env, model):
        for _ in range(2):
            try:
                model.chat([{"role": "user", "content": "hi"}])
            except (ModelUnavailable, RequestRefused) as error:
                print(type(error).__name__)
    """
WHERE = """
    import autoloop.harness.door, os

    def solve(instruction, env, model):
        print(autoloop.harness.door.__file__)
        print(os.environ["HOME"], os.environ["OPENAI_API_KEY"])
    """
PARALLEL = """
    import asyncio

    async def solve(instruction, env, model):
        results = await asyncio.gather(
            *[asyncio.to_thread(env.run, f"echo {n}") for n in range(5)]
        )
        print(sorted(result.stdout.strip() for result in results))
    """


def test_a_tool_loop_runs_to_its_end(run_agent: RunAgent, task_folder: Path) -> None:
    model = ScriptedModel([reply("Working.", CALL), reply("Done.")])

    ran = run_agent(LOOP, model)

    assert ran.end == AgentEnd(finished=True)
    assert ran.stdout == "Done. stop 15\n"
    assert (task_folder / "made.txt").read_text() == "made\n"
    assert [type(event) for event in ran.session.events] == [ModelCall, EnvCall, ModelCall]
    assert model.requests[0].messages[0].content == "Do it: ünï."
    assert model.requests[0].temperature == 0.2
    assert model.requests[1].messages[1].tool_calls == (CALL,)


def test_files_and_notes_go_through(run_agent: RunAgent, task_folder: Path) -> None:
    ran = run_agent(FILES)

    assert ran.end == AgentEnd(finished=True)
    assert (task_folder / "app" / "b.txt").read_text() == "grün"
    notes = [event.text for event in ran.session.events if isinstance(event, AgentNote)]
    assert notes == ["missing: FileNotFoundError"]


def test_an_async_solve_works_too(run_agent: RunAgent) -> None:
    ran = run_agent(PARALLEL)

    assert ran.end == AgentEnd(finished=True)
    assert ran.stdout == "['0', '1', '2', '3', '4']\n"


def test_the_sdks_work_unchanged(run_agent: RunAgent) -> None:
    ran = run_agent(
        SDKS,
        ScriptedModel([reply("one "), reply("two")]),
    )

    assert ran.stderr == ""
    assert ran.stdout == "one two\n"


def test_a_quota_is_an_error_that_can_be_caught(run_agent: RunAgent) -> None:
    ran = run_agent(
        """
        from autoloop.harness.errors import QuotaExceeded

        def solve(instruction, env, model):
            try:
                model.chat([{"role": "user", "content": "hi"}])
            except QuotaExceeded as error:
                print(error)
        """,
        quota=Quota(calls=0),
    )

    assert ran.end == AgentEnd(finished=True)
    assert ran.stdout == "This trial has used all of its 0 model calls. (status 429)\n"


def test_a_quota_that_is_not_caught_ends_the_agent_with_its_name(run_agent: RunAgent) -> None:
    ran = run_agent(LOOP, quota=Quota(calls=0))

    assert ran.end is not None
    assert ran.end.error is not None
    assert "QuotaExceeded: This trial has used all of its 0 model calls" in ran.end.error


def test_failures_of_the_provider_and_of_the_request_differ(run_agent: RunAgent) -> None:
    ran = run_agent(
        FAILURES,
        ScriptedModel([ProviderError("Overloaded."), AgentError("Too long.")]),
    )

    assert ran.stdout == "ModelUnavailable\nRequestRefused\n"
    assert isinstance(ran.session.trouble, ProviderError)


def test_a_crash_is_reported_with_its_traceback(run_agent: RunAgent) -> None:
    ran = run_agent("def solve(instruction, env, model):\n    return {}['key']\n")

    assert ran.exit_code == 1
    assert ran.end is not None
    assert ran.end.error is not None
    assert "KeyError: 'key'" in ran.end.error
    assert "return {}['key']" in ran.stderr


def test_a_syntax_error_is_reported(run_agent: RunAgent) -> None:
    ran = run_agent("def solve(:\n")

    assert ran.end is not None
    assert "SyntaxError" in (ran.end.error or "")


def test_an_agent_without_solve_is_told_what_is_missing(run_agent: RunAgent) -> None:
    ran = run_agent("def main(): ...\n")

    assert ran.end is not None
    assert "does not define the function solve(instruction, env, model)" in (ran.end.error or "")


def test_leaving_with_sys_exit_is_no_finish(run_agent: RunAgent) -> None:
    ran = run_agent("import sys\ndef solve(*_): sys.exit(0)\n")

    assert ran.end is not None
    assert not ran.end.finished
    assert "SystemExit" in (ran.end.error or "")


def test_an_agent_that_vanishes_reports_nothing(run_agent: RunAgent) -> None:
    ran = run_agent("import os\ndef solve(*_): os._exit(3)\n")

    assert (ran.end, ran.exit_code) == (None, 3)


def test_invalid_arguments_of_a_tool_call_do_not_raise(run_agent: RunAgent) -> None:
    broken = ToolCall(id="c", name="bash", arguments='{"command": ')
    ran = run_agent(
        """
        def solve(instruction, env, model):
            call = model.chat([{"role": "user", "content": "hi"}]).tool_calls[0]
            print(call.arguments, call.raw)
        """,
        ScriptedModel([reply("", broken)]),
    )

    assert ran.stdout == '{} {"command": \n'


def test_the_runtime_works_from_where_the_container_has_it(
    run_agent: RunAgent, tmp_path: Path
) -> None:
    mounted = tmp_path / "opt" / "autoloop" / "harness"
    shutil.copytree(MAIN.parent, mounted)

    # -S hides the installed package, which a container does not have.
    ran = run_agent(WHERE, main=mounted / "main.py", flags=("-I", "-S"))

    place, home = ran.stdout.splitlines()
    assert place == str(mounted / "door.py")
    assert home == f"{tmp_path} unused-inside-the-sandbox"
    assert ran.stderr == ""
