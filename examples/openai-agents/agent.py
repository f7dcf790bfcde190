"""An agent on the OpenAI Agents SDK: the SDK runs the loop over responses and calls the tool."""

from typing import Any

from agents import Agent, MaxTurnsExceeded, RunContextWrapper, Runner, function_tool

MODEL = "task-model"  # every name leads to the run's model
MAX_TURNS = 40  # questions to the model before the agent stops
OUTPUT_LIMIT = 8_000  # characters of a command's output that the model gets to see
COMMAND_TIMEOUT_S = 120

INSTRUCTIONS = """\
You solve a task in a Linux shell, with the tool `bash`. Nobody can answer questions.
- List every requirement of the task before you begin, and keep to the names and formats it gives.
- Look at the input files first; do not guess what is in them.
- Long outputs are cut in the middle: use head, tail, grep or a script to see the rest.
- When a command fails, read the error and try another way.
- Each command starts in the task's folder, in a fresh shell.
- Before you finish, check the result against every requirement, and mend what is wrong.
"""


@function_tool
def bash(context: RunContextWrapper[Any], command: str) -> str:
    """Run a command in bash and see its output."""
    return run(context.context, command)


AGENT = Agent(name="solver", instructions=INSTRUCTIONS, model=MODEL, tools=[bash])


async def solve(instruction, env, model):
    """Work on the task until the model has nothing more to do or the turns are used up."""
    try:
        await Runner.run(AGENT, instruction, context=env, max_turns=MAX_TURNS)
    except MaxTurnsExceeded:
        env.note(f"stopped after {MAX_TURNS} turns")


def run(env, command):
    """Run a command where the task lives; its output as the model sees it."""
    done = env.run(command, timeout_s=COMMAND_TIMEOUT_S)
    ending = "timed out" if done.timed_out else f"exit code {done.exit_code}"
    return f"{cut(done.stdout + done.stderr)}\n[{ending}]"


def cut(text):
    """Head and tail of a text, with a line that says how much is missing between them."""
    missing = len(text) - OUTPUT_LIMIT
    if missing <= 0:
        return text
    half = OUTPUT_LIMIT // 2
    return f"{text[:half]}\n[... {missing} characters cut ...]\n{text[-half:]}"
