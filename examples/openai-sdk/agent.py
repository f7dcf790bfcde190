"""An agent on the OpenAI SDK: a plain loop over chat completions, with bash as its one tool."""

import json

from openai import OpenAI

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

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "bash",
            "description": "Run a command in bash and see its output.",
            "parameters": {
                "type": "object",
                "properties": {"command": {"type": "string"}},
                "required": ["command"],
                "additionalProperties": False,
            },
        },
    }
]


def solve(instruction, env, model):
    """Work on the task until the model has nothing more to do or the turns are used up."""
    client = OpenAI()
    messages = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": instruction},
    ]
    for _ in range(MAX_TURNS):
        answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
        message = answer.choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            return
        messages += [tool_message(call, env) for call in message.tool_calls]
    env.note(f"stopped after {MAX_TURNS} turns")


def tool_message(call, env):
    """Do what the model asked for; the answer in OpenAI's form."""
    return {"role": "tool", "tool_call_id": call.id, "content": answer_to(call, env)}


def answer_to(call, env):
    """What the model gets to read about its call, broken ones included."""
    try:
        command = json.loads(call.function.arguments)["command"]
    except (ValueError, KeyError, TypeError) as error:
        return f"The arguments are not as the tool wants them ({error!r}); try again."
    return run(env, command)


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
