"""What an agent.py can rely on."""

import shutil
from dataclasses import replace
from pathlib import Path

from autoloop.errors import AgentError, ProviderError
from autoloop.records import (
    AgentEnd,
    AgentNote,
    CommandResult,
    EnvCall,
    McpServer,
    ModelCall,
    Quota,
    ToolCall,
)
from autoloop.testing.environments import LocalEnv
from autoloop.testing.models import ScriptedModel, reply
from tests.harness.conftest import GONE, GRANT, MAIN, Program, RunAgent

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

TURNS = """
    print("imported")
    seen = []

    def solve(instruction, env, model):
        seen.append(instruction)
        env.run(f"touch {instruction}")
        print(seen)
    """
ASYNC_TURNS = """
    import asyncio
    loops = []

    async def solve(instruction, env, model):
        loops.append(asyncio.get_running_loop())
        if len(loops) == 1:
            await asyncio.sleep(0)
            print("waited")
        else:
            print(loops[0] is loops[1])
    """
USERS = """
    def solve(instruction, env, model):
        print(env.run("id", user="nobody").stdout)
        try:
            env.run("id", user="root")
        except PermissionError as error:
            print(error)
    """


class StrictEnv(LocalEnv):
    """An environment in which the agent may not be root."""

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        del timeout_s
        if user == "root":
            raise PermissionError("The agent cannot be 'root'.")
        return CommandResult(exit_code=0, stdout=f"as {user}: {command}")


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
        grant=replace(GRANT, quota=Quota(calls=0)),
    )

    assert ran.end == AgentEnd(finished=True)
    assert ran.stdout == "This trial has used all of its 0 model calls. (status 429)\n"


def test_a_quota_that_is_not_caught_ends_the_agent_with_its_name(run_agent: RunAgent) -> None:
    ran = run_agent(LOOP, grant=replace(GRANT, quota=Quota(calls=0)))

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
    assert "neither the function solve(instruction, env, model) nor a class" in (
        ran.end.error or ""
    )


def test_leaving_with_sys_exit_is_no_finish(run_agent: RunAgent) -> None:
    ran = run_agent("import sys\ndef solve(*_): sys.exit(0)\n")

    assert ran.end is not None
    assert not ran.end.finished
    assert "SystemExit" in (ran.end.error or "")


def test_an_agent_that_vanishes_reports_nothing(run_agent: RunAgent) -> None:
    ran = run_agent("import os\ndef solve(*_): os._exit(3)\n")

    assert (ran.end, ran.exit_code) == (GONE, 3)


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
    program = Program(main=mounted / "main.py", flags=("-I", "-S"))

    ran = run_agent(WHERE, program=program)

    place, home = ran.stdout.splitlines()
    assert place == str(mounted / "door.py")
    assert home == f"{tmp_path} unused-inside-the-sandbox"
    assert ran.stderr == ""


def test_the_turns_share_one_process_and_one_module(run_agent: RunAgent, task_folder: Path) -> None:
    ran = run_agent(TURNS, turns=("one", "two", "three"))

    assert ran.ends == (AgentEnd(finished=True),) * 3
    assert ran.stdout == "imported\n['one']\n['one', 'two']\n['one', 'two', 'three']\n"
    assert (task_folder / "three").exists()
    assert (ran.stderr, ran.exit_code) == ("", 0)


def test_async_turns_share_one_event_loop(run_agent: RunAgent) -> None:
    ran = run_agent(ASYNC_TURNS, turns=("one", "two"))

    assert ran.stdout == "waited\nTrue\n"


def test_a_turn_that_fails_is_the_last(run_agent: RunAgent) -> None:
    ran = run_agent("def solve(instruction, *_): {'one': 1}[instruction]\n", turns=("two", "one"))

    first, second = ran.ends
    assert first is not None
    assert "KeyError: 'two'" in (first.error or "")
    assert second == GONE


def test_what_the_task_offers_is_in_env(run_agent: RunAgent) -> None:
    ran = run_agent(
        """
        def solve(instruction, env, model):
            print([server["name"] for server in env.mcp_servers], env.skills_dir)
            print(env.trajectory["steps"])
        """,
        grant=replace(
            GRANT,
            mcp_servers=(McpServer(name="search", url="http://search/sse"),),
            skills_dir="/skills",
            trajectory='{"steps": [1]}',
        ),
    )

    assert ran.stdout == "['search'] /skills\n[1]\n"


def test_an_ordinary_task_offers_nothing(run_agent: RunAgent) -> None:
    ran = run_agent(
        """
        def solve(instruction, env, model):
            print(env.mcp_servers, env.skills_dir, env.trajectory)
        """
    )

    assert ran.stdout == "[] None None\n"


def test_a_user_that_may_not_be_is_a_permission_error(
    run_agent: RunAgent, task_folder: Path
) -> None:
    ran = run_agent(USERS, env=StrictEnv(task_folder))

    assert ran.stdout == "as nobody: id\nThe agent cannot be 'root'. (status 403)\n"


def test_what_an_image_asks_for_is_loaded_before_the_first_turn(run_agent: RunAgent) -> None:
    program = Program(extra_env=(("AUTOLOOP_PRELOAD", "colorsys wave"),))

    ran = run_agent(
        """
        import sys
        def solve(instruction, env, model):
            print({"colorsys", "wave"} <= sys.modules.keys())
        """,
        program=program,
    )

    assert ran.stdout == "True\n"


def test_packages_are_kept_from_asking_a_network_that_is_not_there(run_agent: RunAgent) -> None:
    ran = run_agent(
        """
        import os
        OFF = os.environ["HARBOR_TELEMETRY"], os.environ["LITELLM_LOCAL_MODEL_COST_MAP"]
        def solve(instruction, env, model):
            print(*OFF, model.name)
        """,
        ScriptedModel([], name="vendor/large"),
    )

    assert ran.stdout == "off True vendor/large\n"
