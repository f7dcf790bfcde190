"""What an agent did to names of hosts where the tests run in its container."""

from pathlib import Path

import pytest

from autoloop.trial.names import Names
from tests.trial.builders import PaperContainer, make_box, make_plan

HOSTS = b"127.0.0.1\tlocalhost\n"
FILES = {
    "/etc/hosts": HOSTS,
    "/etc/resolv.conf": b"nameserver 10.0.0.1\n",
    "/etc/hostname": b"ab12\n",
}


def restored(folder: Path, changed: dict[str, object], *, instruction: str = "") -> tuple[str, int]:
    container = PaperContainer(dict(FILES))
    names = Names(make_box(make_plan(folder, container), container))
    container.files |= changed

    findings = list(names.restore(instruction=instruction))

    return " ".join(f"{one.rule}: {one.evidence}" for one in findings), len(container.commands)


@pytest.mark.parametrize("path", FILES)
def test_what_an_agent_changed_is_told_of_and_put_back(tmp_path: Path, path: str) -> None:
    told, commands = restored(tmp_path, {path: b"10.9.8.7 the-wizard.example\n"})

    assert told.startswith("identity: ")
    assert path in told
    assert commands == 1


def test_what_the_engine_writes_as_networks_change_is_no_finding(tmp_path: Path) -> None:
    hosts = HOSTS + b"172.17.0.2\tab12\n"

    assert restored(tmp_path, {"/etc/hosts": hosts}) == ("", 0)


def test_what_the_instruction_speaks_of_stays(tmp_path: Path) -> None:
    hosts = HOSTS + b"127.0.0.1 db\n"

    assert restored(tmp_path, {"/etc/hosts": hosts}, instruction="Add db to /etc/hosts.") == ("", 0)
