"""Agents written for Harbor, as texts of agent.py, in the styles that people bring."""

ON_AN_SDK = '''
"""A loop of the openai-agents SDK, whose one tool runs commands in the environment."""
from agents import Agent, Runner, function_tool
from harbor.agents.base import BaseAgent


def make_tool(environment):
    @function_tool
    async def shell(command: str) -> str:
        """Run a command."""
        done = await environment.exec(command=command, timeout_sec=60)
        return f"{done.stdout}{done.stderr or ''}[{done.return_code}]"

    return shell


class OnAnSdk(BaseAgent):
    SUPPORTS_ATIF = True

    def __init__(self, *args, extra_env=None, **kwargs):
        super().__init__(*args, **kwargs)

    @staticmethod
    def name():
        return "on-an-sdk"

    def version(self):
        return "1"

    async def setup(self, environment):
        pass

    async def run(self, instruction, environment, context):
        note = self.logs_dir / "instruction.md"
        note.write_text(instruction)
        await environment.upload_file(source_path=note, target_path="/task/instruction.md")
        agent = Agent(name="it", instructions="Act.", tools=[make_tool(environment)], model="gpt-5")
        result = await Runner.run(agent, input=instruction, max_turns=5)
        context.n_output_tokens = len(result.raw_responses)
        print("said", result.final_output, "to", self.model_name)


__all__ = ["OnAnSdk"]
'''
TERMINUS = "from harbor.agents.terminus_2 import Terminus2\n"
TERMINUS_SUBCLASS = f"{TERMINUS}\n\nclass Agent(Terminus2):\n    pass\n"
INSTALLED = """
from pathlib import Path

from harbor.agents.installed.base import BaseInstalledAgent


class Installed(BaseInstalledAgent):
    @staticmethod
    def name():
        return "installed"

    def version(self):
        return "1"

    async def install(self, environment):
        await self.exec_as_root(environment, "id -un >/installed-agent/who")
        tool = Path("/tmp/tool.sh")
        tool.write_text("#!/bin/sh\\nprintf $WORD >out.txt; pwd; echo trouble >&2\\n")
        tool.chmod(0o755)
        await environment.upload_file(tool, "/installed-agent/")
        parts = Path("/tmp/parts/deep")
        parts.mkdir(parents=True)
        (parts / "big.bin").write_bytes(bytes(range(256)) * 20_000)
        await environment.upload_dir("/tmp/parts", "/installed-agent/parts")

    async def run(self, instruction, environment, context):
        done = await self.exec_as_agent(
            environment, "/installed-agent/tool.sh", env={"WORD": "done"}, cwd="/app"
        )
        print("tool:", repr(done.stdout), done.stderr)
        await environment.download_dir("/installed-agent", "/tmp/back")
        print("who:", Path("/tmp/back/who").read_text().strip())
        whole = Path("/tmp/back/parts/deep/big.bin").read_bytes() == bytes(range(256)) * 20_000
        print("whole:", whole, await environment.is_dir("/app"), await environment.is_file("/app"))
        try:
            await environment.exec("sleep 30", timeout_sec=1)
        except RuntimeError as error:
            print("late:", error)
        await self.exec_as_agent(environment, "echo written >/logs/agent/log.txt; exit 3")

    def populate_context_post_run(self, context):
        print("log:", (self.logs_dir / "log.txt").read_text().strip())
"""
PLAIN = """
from harbor.agents.base import BaseAgent


class Base(BaseAgent):
    turns = 0
    setups = 0

    @staticmethod
    def name():
        return "plain"

    def version(self):
        return None

    async def setup(self, environment):
        self.setups += 1

    async def run(self, instruction, environment, context):
        self.turns += 1
        await self.act(instruction, environment)


class Plain(Base):
    async def act(self, instruction, environment):
        {act}
"""


def plain(act: str) -> str:
    """An agent that does one thing in every turn."""
    return PLAIN.format(act=act)
