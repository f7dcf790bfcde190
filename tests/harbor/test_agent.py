"""agent.py under Harbor: what it sees, what Harbor is told of it, and how it ends."""

import asyncio
from pathlib import Path

import pytest
from harbor.models.agent.context import AgentContext
from harbor.models.task.config import MCPServerConfig
from harbor.models.trajectories import Trajectory

from autoloop import __version__
from autoloop.harbor import Agent, AgentCrashed, QuotaExceededError
from tests.harbor.conftest import Stage

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]
ASKS = 'model.chat([{"role": "user", "content": "Hello."}])'


def make_agent(folder: Path, *body: str, model: str | None = None, **options: object) -> Agent:
    """An agent whose `solve` has this body."""
    lines = "\n".join(f"    {line}" for line in body)
    source = f"def solve(instruction, env, model):\n{lines}\n"
    (folder / "agent.py").write_text(source, encoding="utf-8")
    return Agent(
        folder / "logs",
        model,
        mcp_servers=[MCPServerConfig(name="web", url="http://web:80")],
        skills_dir="/skills",
        agent_py=folder / "agent.py",
        project=folder,
        **options,
    )


def solve(stage: Stage, agent: Agent, instruction: str = "Do it.") -> AgentContext:
    """What Harbor knows after one call of `run`."""
    context = AgentContext()
    stage.run(agent.run(instruction, stage.environment, context))
    return context


def output(stage: Stage, command: str) -> str:
    return str(stage.run(stage.environment.exec(command)).stdout)


def test_it_acts_in_harbors_environment(stage: Stage, tmp_path: Path) -> None:
    agent = make_agent(tmp_path, 'env.write("/tmp/said", instruction.encode())')

    stage.run(agent.setup(stage.environment))
    solve(stage, agent, "Say so.")

    assert output(stage, "cat /tmp/said").strip() == "Say so."


def test_it_is_the_user_that_harbor_names_with_the_variables_of_the_command_line(
    stage: Stage, tmp_path: Path
) -> None:
    agent = make_agent(tmp_path, 'env.run("id -un > /tmp/who; echo $FROM_AE >> /tmp/who")')

    async def in_scope() -> None:
        scope = stage.environment.scoped_exec_env({"FROM_AE": "given"})
        with stage.environment.with_default_user("nobody"), scope:
            await agent.run("Do it.", stage.environment, AgentContext())

    stage.run(in_scope())

    assert output(stage, "cat /tmp/who").split() == ["nobody", "given"]


def test_servers_and_skills_of_the_task_are_handed_on(stage: Stage, tmp_path: Path) -> None:
    agent = make_agent(tmp_path, "print(env.mcp_servers[0]['url'], env.skills_dir)")

    solve(stage, agent)

    printed = (tmp_path / "logs" / "stdout.txt").read_text(encoding="utf-8")
    assert printed == "http://web:80 /skills\n"


def test_harbor_learns_tokens_and_gets_a_trajectory_that_it_can_read(
    stage: Stage, tmp_path: Path
) -> None:
    agent = make_agent(tmp_path, ASKS, 'env.run("true")', model="offline")

    context = solve(stage, agent, "Greet.")

    trace = Trajectory.model_validate_json((tmp_path / "logs" / "trajectory.json").read_bytes())
    assert context.metadata == {"model_calls": 1}
    assert (context.n_output_tokens or 0) > 0
    assert (trace.agent.name, trace.agent.version) == ("autoloop", __version__)
    assert trace.agent.model_name == "offline"
    assert [c.function_name for s in trace.steps for c in s.tool_calls or []] == ["env.run"]


def test_each_instruction_is_a_new_process(stage: Stage, tmp_path: Path) -> None:
    agent = make_agent(
        tmp_path,
        'before = getattr(env, "before", "nothing")',
        "env.before = instruction",
        'env.run(f"echo {before} {instruction} >> /tmp/several")',
    )

    solve(stage, agent, "one")
    solve(stage, agent, "two")

    assert output(stage, "cat /tmp/several").split() == ["nothing", "one", "nothing", "two"]


def test_what_went_before_is_handed_on(stage: Stage, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    before.write_text('{"notes": "as agreed"}', encoding="utf-8")
    agent = make_agent(tmp_path, "print(env.trajectory['notes'])", load_trajectory=before)

    stage.run(agent.load("Go on.", stage.environment, AgentContext()))

    assert (tmp_path / "logs" / "stdout.txt").read_text(encoding="utf-8") == "as agreed\n"


def test_a_crash_is_the_agents_and_is_told_as_such(stage: Stage, tmp_path: Path) -> None:
    context = AgentContext()
    agent = make_agent(tmp_path, "raise KeyError('lost')")

    with pytest.raises(AgentCrashed, match="KeyError: 'lost'"):
        stage.run(agent.run("Do it.", stage.environment, context))

    assert context.metadata is not None
    assert context.metadata["failure"] == "AgentCrashed"
    assert (tmp_path / "logs" / "trajectory.json").is_file()


def test_a_quota_of_the_command_line_holds(stage: Stage, tmp_path: Path) -> None:
    agent = make_agent(tmp_path, ASKS, ASKS, calls=1)

    with pytest.raises(QuotaExceededError, match="quota was used up"):
        solve(stage, agent)


def test_the_quota_of_the_projects_program_holds_else(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "program.md").write_text("---\ntrial: {calls: 1}\n---\n", encoding="utf-8")
    agent = make_agent(tmp_path, ASKS, ASKS)

    with pytest.raises(QuotaExceededError, match="quota was used up"):
        solve(stage, agent)


def test_when_harbors_time_is_over_agent_and_command_end(stage: Stage, tmp_path: Path) -> None:
    agent = make_agent(tmp_path, 'env.run("echo begun > /tmp/begun; sleep 4714")')

    async def until_begun() -> None:
        visit = asyncio.create_task(agent.run("Wait.", stage.environment, AgentContext()))
        while (await stage.environment.exec("cat /tmp/begun")).return_code != 0:
            pass
        visit.cancel()
        await visit

    with pytest.raises(asyncio.CancelledError):
        stage.run(until_begun())

    assert output(stage, "pgrep -fc 'sleep 471[4]'").strip() == "0"
    assert "sleep 4714" in (tmp_path / "logs" / "trajectory.json").read_text(encoding="utf-8")


def test_options_that_cannot_work_are_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"agent\.py is missing"):
        Agent.preflight({"agent_py": tmp_path / "agent.py"})
    with pytest.raises(ValueError, match="Unknown option 'agent_pi'"):
        Agent.preflight({"agent_pi": "x"})


def test_without_a_container_engine_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agent.py").write_text("def solve(instruction, env, model): ...", encoding="utf-8")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nowhere.sock")

    with pytest.raises(ValueError, match=r"nowhere\.sock"):
        Agent.preflight({"agent_py": tmp_path / "agent.py", "project": tmp_path})
