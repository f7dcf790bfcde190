"""An agent on the Anthropic SDK: a plain loop over messages, with bash as its one tool."""

from anthropic import Anthropic

MODEL = "task-model"  # every name leads to the run's model
MAX_TOKENS = 16_000  # of one answer
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

TOOLS = [
    {
        "name": "bash",
        "description": "Run a command in bash and see its output.",
        "input_schema": {
            "type": "object",
            "properties": {"command": {"type": "string"}},
            "required": ["command"],
        },
    }
]


def solve(instruction, env, model):
    """Work on the task until the model has nothing more to do or the turns are used up."""
    client = Anthropic()
    messages = [{"role": "user", "content": instruction}]
    for _ in range(MAX_TURNS):
        answer = client.messages.create(
            model=MODEL,
            max_tokens=MAX_TOKENS,
            system=INSTRUCTIONS,
            messages=messages,
            tools=TOOLS,
            cache_control={"type": "ephemeral"},  # what was said before costs a tenth
        )
        calls = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            return
        messages.append({"role": "assistant", "content": answer.content})
        messages.append({"role": "user", "content": [tool_result(call, env) for call in calls]})
    env.note(f"stopped after {MAX_TURNS} turns")


def tool_result(call, env):
    """Do what the model asked for; the answer in Anthropic's form."""
    command = call.input.get("command")
    if not isinstance(command, str):
        content = f"The tool wants a command, not {call.input}; try again."
        return {"type": "tool_result", "tool_use_id": call.id, "content": content, "is_error": True}
    return {"type": "tool_result", "tool_use_id": call.id, "content": run(env, command)}


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
