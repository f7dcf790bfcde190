"""Interpreters and tools of an image, outside the system's folders."""

from dataclasses import replace

import pytest

from autoloop.ports import FileChange
from autoloop.records import SYSTEM_PATHS
from autoloop.trial.habits import Habits
from autoloop.trial.scene import Scene
from autoloop.trial.system_paths import SystemPaths
from autoloop.trial.tampering import Judged, judge
from autoloop.trial.tools import packages_of, question, tools_of
from tests.trial.test_tampering import added, changed, found, removed

SAID = """here /app
path /opt/venv/bin
path /usr/bin
path /go/bin
path /app/bin
path
modules /app/lib
/usr/bin/python3
/opt/venv/pyvenv.cfg
/opt/venv/bin/python3
/opt/conda/envs/testbed/conda-meta
/opt/conda/bin/python3.11
/opt/node/bin/node
/app/.venv/pyvenv.cfg
/root/.cargo/bin/cargo
"""
TOOLS = tools_of(SAID)
SCENE = Scene(
    verification="fresh",
    system=SystemPaths(SYSTEM_PATHS),
    workdir="/app",
    instruction="Write the sum into /app/out.txt.",
    tools=TOOLS,
)
NODE = replace(SCENE, habits=Habits(runs_node_tools=True))
UV = replace(SCENE, habits=Habits(runs_uv=True))
MODULES = "/app/node_modules"


def carried(judged: Judged) -> list[str]:
    return [change.path for change in judged.carried]


def test_what_an_image_says_of_its_tools_is_read() -> None:
    prefixes = {"/opt/venv", "/opt/conda", "/opt/conda/envs/testbed", "/opt/node", "/app/.venv"}

    assert TOOLS.prefixes - {"/usr"} == {*prefixes, "/root/.cargo"}
    assert TOOLS.folders == {"/opt/venv/bin", "/go/bin", "/app/bin"}
    assert TOOLS.modules == {"/app/lib"}


@pytest.mark.parametrize(
    "path",
    [
        "/opt/venv/bin/python",
        "/opt/venv/bin/pytest",
        "/opt/conda/envs/testbed/bin/python",
        "/opt/conda/lib/python3.11/csv.py",
        "/opt/conda/lib/libc.so.6",
        "/app/.venv/bin/pytest",
        "/app/.venv/lib/python3.12/site-packages/_pytest/main.py",
        "/opt/node/bin/node",
        "/root/.cargo/bin/cargo",
    ],
)
def test_who_replaces_an_interpreter_of_the_image_has_replaced_a_command(path: str) -> None:
    judged = judge(changed(path), SCENE)

    assert not judged.carried
    assert found(judged) == [("replaced-command", "tampered")]
    assert repr(path) in judged.findings[0].evidence


@pytest.mark.parametrize("path", ["/go/bin/go", "/opt/venv/bin/bash", "/app/bin/python3"])
def test_a_program_that_is_put_where_the_image_looks_for_programs_stays_behind(path: str) -> None:
    judged = judge(added(path), SCENE)

    assert not judged.carried
    assert found(judged) == [("shadowed-command", "suspicious")]


@pytest.mark.parametrize(
    "path",
    ["/opt/venv/pyvenv.cfg", "/opt/conda/etc/conda/activate.d/x.sh", "/opt/venv/bin/activate"],
)
def test_what_interpreters_of_the_image_read_stays_behind(path: str) -> None:
    judged = judge(changed(path), SCENE)

    assert not judged.carried
    assert found(judged) == [("system-path", "note")]


def test_what_a_package_manager_of_its_own_replaces_is_odd_where_tests_run_elsewhere() -> None:
    work = changed("/opt/conda/conda-meta/history", "/opt/conda/bin/python3.11")

    assert found(judge(work, SCENE))[0] == ("replaced-command", "suspicious")


@pytest.mark.parametrize(
    "paths",
    [
        ("/work/.venv", "/work/.venv/bin", "/work/.venv/bin/python", "/work/.venv/pyvenv.cfg"),
        ("/opt/conda/envs/mine", "/opt/conda/envs/mine/bin/python"),
        ("/opt/venv/notes.txt", "/opt/tool/bin/run"),
        ("/app/bin/report", "/app/lib", "/app/lib/sum.py"),
        ("/root/.cargo/registry/cache/serde.crate",),
        ("/root/.local/share/uv", "/root/.local/share/uv/python/cpython-3.13/bin/python3.13"),
        ("/root/.nvm", "/root/.nvm/nvm.sh", "/root/.nvm/versions/node/v20/bin/node"),
        (MODULES, f"{MODULES}/lodash", f"{MODULES}/lodash/index.js", f"{MODULES}/.bin/jest"),
    ],
)
def test_what_an_agent_installs_where_the_image_had_nothing_is_its_work(
    paths: tuple[str, ...],
) -> None:
    judged = judge(added(*paths), NODE)

    assert carried(judged) == list(paths)
    assert not judged.findings


def test_a_link_in_place_of_a_folder_with_tools_is_seen() -> None:
    link = FileChange(path="/opt/venv", kind="changed", is_folder=False)

    judged = judge([link], SCENE)

    assert not judged.carried
    assert found(judged) == [("replaced-command", "tampered")]


def test_an_environment_made_anew_in_place_of_the_image_s_leaves_that_in_place() -> None:
    work = [*removed("/app/.venv"), *added("/app/.venv", "/app/.venv/bin/python3")]

    judged = judge(work, SCENE)

    assert not judged.carried
    assert found(judged)[0] == ("shadowed-command", "suspicious")


@pytest.mark.parametrize(
    "path", ["/root/.cache/uv/archive-v0/x/_pytest/main.py", "/root/.cache/pip/x"]
)
def test_what_installers_kept_stays_behind(path: str) -> None:
    assert not judge(added("/root/.cache", path), SCENE).carried[1:]


def test_interpreters_of_uv_stay_behind_where_tests_run_uv() -> None:
    work = added("/root/.local/share/uv", "/root/.local/share/uv/python/cpython-3.13/bin/python")

    assert not judge(work, UV).carried


def test_what_chooses_a_version_stays_as_the_image_has_it() -> None:
    judged = judge(changed("/root/.pyenv/version", "/root/.nvm/nvm.sh"), SCENE)

    assert not judged.carried


@pytest.mark.parametrize(
    ("work", "rule"),
    [
        (changed(f"{MODULES}/.bin/jest"), "shadowed-command"),
        (changed(f"{MODULES}/@jest/core/build/index.js"), "shadowed-command"),
        (changed(f"{MODULES}/chalk/index.js"), "system-path"),
        (added(f"{MODULES}/chalk/index"), "system-path"),
        ([*removed(MODULES), *added(MODULES, f"{MODULES}/jest/index.js")], "system-path"),
    ],
    ids=lambda value: value[-1].path if isinstance(value, list) else str(value),
)
def test_packages_of_the_image_stay_as_they_are_where_tests_run_what_is_in_them(
    work: list[FileChange], rule: str
) -> None:
    asked = replace(NODE, instruction="Mend the bug in node_modules/chalk.")

    assert not judge(work, NODE).carried
    assert [name for name, _ in found(judge(work, NODE))] == [rule]
    assert list(judge(work, SCENE).carried) == work
    assert list(judge(work, asked).carried) == work


def test_packages_of_the_image_may_be_removed_and_others_added() -> None:
    work = [
        *removed(f"{MODULES}/chalk"),
        *changed(MODULES),
        *added(f"{MODULES}/new", f"{MODULES}/new/index.js", f"{MODULES}/.bin/new"),
    ]

    assert list(judge(work, NODE).carried) == work


def test_of_what_tests_import_an_image_tells_what_it_has() -> None:
    said = "/usr/lib/python3/dist-packages/requests\n/opt/x/site-packages/yaml.py\n/usr/bin/x\n"

    assert packages_of(said) == {"requests", "yaml"}
    assert "'*-packages/requests'" in question({"requests"})
