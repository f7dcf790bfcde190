"""What is handed to the agent besides the container."""

import json

from tests.conformance.building import LIMITS, holds, refused, scored, step, steps, tables, task
from tests.conformance.case import Case

SERVERS = """[[environment.mcp_servers]]
name = "notes"
url = "http://notes:9000/sse"
[[environment.mcp_servers]]
name = "search"
transport = "http"
url = "http://search:9000/mcp"
[[environment.mcp_servers]]
name = "files"
transport = "stdio"
command = "files-server"
args = ["--root", "/app"]
"""
TELLS = """
import json

def solve(instruction, env, model):
    told = {"instruction": instruction, "mcp": env.mcp_servers, "skills": env.skills_dir,
            "before": env.trajectory}
    env.write("/app/told.json", json.dumps(told))
"""
TRAJECTORY = {
    "schema_version": "ATIF-v1.7",
    "session_id": "before",
    "agent": {"name": "a", "version": "1"},
    "steps": [{"step_id": 1, "source": "user", "message": "Hello."}],
}
SAID = 'told() { jq -r "$1" /app/told.json; }; told'
CANARY = (
    "<!-- some-canary GUID 1234 -->\n# another Canary line\n\n\nReal instruction.\n\nThe end. \n"
)


def said(expression: str, value: str) -> str:
    """Whether the agent was told this; the expression is jq's."""
    return f"""[ "$(jq -rc '{expression}' /app/told.json)" = '{value}' ]"""


CASES = (
    Case(
        id="handed-mcp-servers",
        agent=TELLS,
        files=task(
            LIMITS + SERVERS,
            test=holds(
                said('.mcp | map(.name) | join(" ")', "notes search files"),
                said('.mcp | map(.transport) | join(" ")', "sse streamable-http stdio"),
                said(".mcp[1].url", "http://search:9000/mcp"),
                said(".mcp[2].args", '["--root","/app"]'),
            ),
        ),
        expect=scored(),
    ),
    Case(
        id="handed-no-mcp-servers",
        agent=TELLS,
        files=task(
            LIMITS + "[environment]\nmcp_servers = []\n",
            test=holds(said(".mcp", "[]"), said(".skills", "null"), said(".before", "null")),
        ),
        expect=scored(),
    ),
    Case(
        id="handed-skills",
        agent=TELLS,
        files=task(
            LIMITS + '[environment]\nskills_dir = "/opt/skills"\n',
            test=holds(said(".skills", "/opt/skills")),
        ),
        expect=scored(),
    ),
    Case(
        id="handed-trajectory",
        agent=TELLS,
        files=task(
            test=holds(said(".before.steps[0].message", "Hello.")),
            more={"trajectory.json": json.dumps(TRAJECTORY)},
        ),
        expect=scored(),
    ),
    Case(
        id="handed-trajectory-of-the-first-step",
        agent=TELLS,
        files=steps(
            LIMITS + tables("one"),
            step(
                "one",
                holds(said(".before.session_id", "before")),
                more={"trajectory.json": json.dumps(TRAJECTORY)},
            ),
        ),
        expect=scored(),
    ),
    Case(
        id="handed-trajectory-that-is-none",
        files=task(more={"trajectory.json": "{}"}),
        agent=TELLS,
        expect=refused("trajectory.json"),
        differs="early-refusals",
    ),
    Case(
        id="trajectory-beside-the-oracle",
        files=task(more={"trajectory.json": json.dumps(TRAJECTORY)}),
        expect=scored(),
    ),
    Case(
        id="instruction-without-canaries",
        agent=TELLS,
        files=task(
            test=holds(said(".instruction", "Real instruction.\n\nThe end. ")),
            more={"instruction.md": CANARY},
        ),
        expect=scored(),
    ),
    Case(
        id="instruction-of-unicode",
        agent=TELLS,
        files=task(
            test=holds(said(".instruction", "Grüße, 世界 🙂")),
            more={"instruction.md": "Grüße, 世界 🙂\n"},
        ),
        expect=scored(),
    ),
    Case(
        id="mcp-server-without-a-url",
        files=task(LIMITS + '[[environment.mcp_servers]]\nname = "notes"\n'),
        expect=refused("task.toml", "mcp_servers", "url"),
    ),
    Case(
        id="instruction-of-steps-without-canaries",
        agent=TELLS,
        files=steps(
            LIMITS + tables("one"),
            step(
                "one",
                holds(said(".instruction", "Now.")),
                more={"instruction.md": "# canary\n\nNow.\n"},
            ),
        ),
        expect=scored(),
    ),
)
