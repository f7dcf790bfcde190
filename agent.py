"""The agent: turns an instruction into work, with a language model and a shell.

autoloop edits this file, and only this file. The one thing that must stay is the function `solve`;
everything else, from the system prompt to the loop itself, may be changed, split up or replaced.

What `solve` is given:

    instruction   the task, as text
    env.run(command, timeout_s=60)      run a shell command where the task lives
                                        -> .stdout, .stderr, .exit_code, .timed_out
    env.read(path), env.write(path, data)   bytes of a file there
    env.note(text)                      leave a remark in the trace
    model.chat(messages, tools=TOOLS)   ask the model; messages and tools in OpenAI's form
                                        -> .content, .tool_calls (.id, .name, .arguments), .message

Whatever `solve` returns is ignored: only what it leaves in the task's container counts.
"""

SYSTEM_PROMPT = "You solve the task in a Linux shell."
MAX_TURNS = 6  # questions to the model before the agent stops
OUTPUT_LIMIT = 600  # characters of a command's output that the model gets to see
COMMAND_TIMEOUT_S = 60

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
            },
        },
    }
]


def solve(instruction, env, model):
    """Work on the task until the model has nothing more to do or the turns are used up."""
    messages = [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": instruction},
    ]
    for _ in range(MAX_TURNS):
        reply = model.chat(messages, tools=TOOLS)
        messages.append(reply.message)
        if not reply.tool_calls:
            return
        messages += [tool_message(call, run_tool(call, env)) for call in reply.tool_calls]
    env.note(f"stopped after {MAX_TURNS} turns")


def run_tool(call, env):
    """Do what the model asked for and say how it went."""
    command = call.arguments.get("command")
    if call.name != "bash" or not isinstance(command, str):
        return f"There is no such tool: {call.name} with {call.arguments}."
    return describe(env.run(command, timeout_s=COMMAND_TIMEOUT_S))


def describe(result):
    """A command's result as the model sees it."""
    ending = "timed out" if result.timed_out else f"exit code {result.exit_code}"
    return f"{cut(result.stdout + result.stderr)}\n[{ending}]"


def cut(text):
    """The first characters of a text, with a line that says how much is missing."""
    missing = len(text) - OUTPUT_LIMIT
    if missing <= 0:
        return text
    return f"{text[:OUTPUT_LIMIT]}\n[... {missing} characters cut ...]"


def tool_message(call, content):
    """The answer to one tool call, in OpenAI's form."""
    return {"role": "tool", "tool_call_id": call.id, "content": content}
