"""The stand-in reads instructions by their grammar: names, paths and numbers may be any."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from autoloop.gateway.offline.skill import View
from autoloop.gateway.offline.skills import SKILLS
from tests.offline.stage import ROOT, agent, play, task_parts, understand

FAMILIES = ("csv", "json", "logs", "text", "config")
INSTRUCTIONS = sorted(
    path for family in FAMILIES for path in (ROOT / "tasks" / family).rglob("instruction.md")
)
RENAMED = {
    "csv/open-orders": {"status": "phase", "backorder": "waiting", "due_date": "until"},
    "csv/station-means": {"station": "buoy", "temp": "level", "wind": "wave", "top_": "peak_"},
    "csv/tidy-contacts": {"E-mail": "Mailbox", "Phone": "Fax", "Full name": "Who"},
    "csv/invoice-total": {"quantity": "pieces", "unit_price": "each", "10 or": "12 or"},
    "json/member-list": {"city": "town", "cancelled": "gone", "unknown": "n/a", "joined": "since"},
    "json/event-counts": {"type": "kind", "`id`": "`key`", "than 4": "than 7"},
    "json/price-update": {"stock": "left", "garden": "kitchen", "8 percent": "12 percent"},
    "json/layered-settings": {"source": "origin", "base.json": "low.json"},
    "logs/failing-pages": {"10.0.0.9": "10.1.2.3", "500 or": "400 or", "the 5": "the 8"},
    "logs/slow-queries": {"batch": "nightly", "800": "1200", "queries.log": "db.log"},
    "logs/login-attacks": {"192.168.": "172.16.", "least 5": "least 9"},
    "logs/hourly-alarms": {"total`": "all`", "app.log": "web.log"},
    "text/frequent-words": {"speech": "sermon", "10 first": "25 first"},
    "text/handbook-contents": {"Internal": "Draft", "2 and 3": "2 and 4", "`- `": "`* `"},
    "text/typed-notes": {"%%": "##", "colour": "odour", "color": "odor"},
    "text/action-items": {"ACTION": "TASK", "[done]": "(over)"},
    "config/server-ini": {"8443": "9443", "legacy_tls": "old_auth", "backup": "mirror"},
    "config/environment-files": {"DEBUG_": "TEST_", "local.env": "mine.env"},
    "config/service-ports": {"svc-": "app-", "services.yaml": "stack.yml"},
    "config/properties-tree": {"secret": "password", "app.properties": "tool.properties"},
}
SEES_NOTHING = """
import sys
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.records import ChatRequest, Message, ToolSpec
schema = {{"required": ["command"], "properties": {{"command": {{"type": "string"}}}}}}
request = ChatRequest(
    messages=(Message(role="user", content={instruction!r}),),
    tools=(ToolSpec(name="bash", parameters=schema),),
)
model = OfflineTaskModel()
model.complete(request)
used = []
sys.addaudithook(lambda event, _: used.append(event))
model.complete(request)
print([event for event in used if event.startswith(("open", "os.", "socket.", "subprocess."))])
"""


def rewritten(text: str, names: Mapping[str, str]) -> str:
    """A text with other names, folders included."""
    for old, new in {**names, "/app/": "/srv/there/"}.items():
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("path", INSTRUCTIONS, ids=lambda path: path.parent.name)
def test_every_instruction_is_understood_by_the_skill_of_its_family_alone(path: Path) -> None:
    text = path.read_text()

    assert [skill.name for skill in SKILLS if skill.understand(text)] == [path.parts[-3]]


@pytest.mark.parametrize("task", RENAMED)
def test_other_names_and_numbers_lead_to_the_same_work_on_them(task: str) -> None:
    text = (ROOT / "tasks" / task / "instruction.md").read_text()
    other = rewritten(text, RENAMED[task])
    assert all(old in text for old in RENAMED[task])

    job, other_job = understand(text), understand(other)

    assert other_job.details == tuple(rewritten(d, RENAMED[task]) for d in job.details)
    assert len(other_job.steps(View())) == len(job.steps(View()))
    program = "\n".join(other_job.steps(View()))
    asked = [new.strip("`") for new in RENAMED[task].values() if " " not in new.strip("`")]
    assert all(new in program for new in asked if not new.isdigit() or new in other)
    assert "/app/" not in program


@pytest.mark.parametrize("path", INSTRUCTIONS, ids=lambda path: path.parent.name)
def test_every_detail_of_an_instruction_changes_the_work(path: Path) -> None:
    job = understand(path.read_text())
    whole = job.steps(View())

    for detail in job.details:
        assert job.steps(View(dropped=frozenset([detail]))) != whole
    assert job.steps(View(looked=False)) != whole


@pytest.mark.parametrize("path", INSTRUCTIONS, ids=lambda path: path.parent.name)
def test_a_detail_of_an_unknown_kind_is_not_passed_over(path: Path) -> None:
    text = path.read_text() + "- Also translate everything into Finnish.\n"

    assert all(skill.understand(text) is None for skill in SKILLS)


def test_the_name_of_the_task_plays_no_part() -> None:
    text, files = task_parts(ROOT / "tasks/csv/open-orders")
    named = [agent(f"The task is called {name}.") for name in ("autoloop/csv-open-orders", "x/y")]

    first, second = ([play(a, text, seed=s, files=files) for s in range(20)] for a in named)

    assert first == second


@pytest.mark.slow
def test_it_opens_nothing_to_answer() -> None:
    program = SEES_NOTHING.format(instruction=INSTRUCTIONS[0].read_text())

    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert run.stdout.strip() == "[]"
