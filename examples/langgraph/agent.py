"""An agent on LangGraph: think, act, and one review before the end, as a graph."""

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

MODEL = "task-model"  # every name leads to the run's model
MAX_STEPS = 80  # nodes visited before the agent stops; a turn takes two
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

REVIEW = """\
You are not finished yet. Read the task once more and check the result against each of its \
requirements by looking at what you made. Mend what is wrong; if all is right, say so and stop.
"""


class State(MessagesState):
    """The conversation, and whether the result was reviewed."""

    is_reviewed: bool


def solve(instruction, env, model):
    """Work on the task until the model has nothing more to do or the steps are used up."""
    start = {
        "messages": [SystemMessage(INSTRUCTIONS), HumanMessage(instruction)],
        "is_reviewed": False,
    }
    try:
        graph(env).invoke(start, {"recursion_limit": MAX_STEPS})
    except GraphRecursionError:
        env.note(f"stopped after {MAX_STEPS} steps")


def graph(env):
    """The agent as a graph, for one task's container."""

    @tool
    def bash(command: str) -> str:
        """Run a command in bash and see its output."""
        return run(env, command)

    chat = ChatOpenAI(model=MODEL).bind_tools([bash])

    def think(state: State):
        return {"messages": [chat.invoke(state["messages"])]}

    def review(_state: State):
        return {"messages": [HumanMessage(REVIEW)], "is_reviewed": True}

    nodes = StateGraph(State)
    nodes.add_node("think", think)
    nodes.add_node("act", ToolNode([bash]))
    nodes.add_node("review", review)
    nodes.add_edge(START, "think")
    nodes.add_conditional_edges("think", after_thinking, ["act", "review", END])
    nodes.add_edge("act", "think")
    nodes.add_edge("review", "think")
    return nodes.compile()


def after_thinking(state: State):
    """Tools that were asked for first, then one review, then the end."""
    if state["messages"][-1].tool_calls:
        return "act"
    return END if state["is_reviewed"] else "review"


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
