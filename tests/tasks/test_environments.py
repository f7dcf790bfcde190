"""Where the verifier works: beside the agent, in an image with its tests, or in another copy."""

from pathlib import Path

import pytest

from autoloop.records import Environment, Network, Verifier
from tests.tasks.builders import only_step, only_task, write_steps, write_task

SEPARATE = '[verifier]\nenvironment_mode = "separate"\n'


def environment_of(verifier: Verifier) -> Environment:
    assert verifier.environment is not None
    return verifier.environment


def test_tests_that_define_an_image_are_in_it(tmp_path: Path) -> None:
    files = {"tests/Dockerfile": "FROM x\n"}
    folder = write_task(tmp_path / "one", SEPARATE, files=files, drop="tests/test.sh")

    verifier = only_step(tmp_path).verifier

    environment = environment_of(verifier)
    assert verifier.tests == ()
    assert (environment.folder, environment.image) == (folder / "tests", None)
    assert environment.dockerfile == folder / "tests/Dockerfile"


def test_a_compose_file_among_the_tests_defines_an_image(tmp_path: Path) -> None:
    files = {"tests/docker-compose.yaml": "services: {}\n"}
    folder = write_task(tmp_path / "one", SEPARATE, files=files)

    verifier = only_step(tmp_path).verifier

    assert verifier.tests == ()
    assert environment_of(verifier).compose == folder / "tests/docker-compose.yaml"


def test_an_image_of_the_verifier_has_its_tests_and_gets_no_files(tmp_path: Path) -> None:
    write_task(tmp_path / "one", '[verifier.environment]\ndocker_image = "judge:1"\n')

    verifier = only_step(tmp_path).verifier

    assert verifier.tests == ()
    assert environment_of(verifier).image == "judge:1"
    assert not environment_of(verifier).uploads


def test_a_definition_among_the_tests_is_not_used_beside_the_agent(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files={"tests/Dockerfile": "FROM x\n"})

    verifier = only_step(tmp_path).verifier

    assert (verifier.environment, verifier.tests) == (None, (folder / "tests",))


def test_without_an_image_of_its_own_the_verifier_works_in_another_copy(tmp_path: Path) -> None:
    toml = "[environment]\ndocker_image = 'i'\ncpus = 3\nnetwork_mode = 'no-network'\n"
    folder = write_task(tmp_path / "one", toml + "[environment.env]\nA = 'b'\n" + SEPARATE)

    verifier = only_step(tmp_path).verifier

    environment = environment_of(verifier)
    assert verifier.tests == (folder / "tests",)
    assert (environment.folder, environment.image) == (folder / "environment", "i")
    assert (environment.resources.cpus, environment.env) == (3, {"A": "b"})
    assert environment.network == Network(mode="none")
    assert environment.uploads


def test_a_copy_has_the_limits_of_the_verifier_where_they_are_written(tmp_path: Path) -> None:
    toml = "[environment]\ndocker_image = 'i'\ncpus = 3\nallow_internet = false\n"
    write_task(tmp_path / "one", toml + "[verifier.environment]\nmemory_mb = 64\n")

    environment = environment_of(only_step(tmp_path).verifier)

    limits = environment.resources
    assert (environment.image, limits.cpus, limits.memory_mb) == ("i", None, 64)
    assert environment.network == Network(mode="public")


def test_a_verifier_environment_starts_as_the_agents_and_is_not_checked(tmp_path: Path) -> None:
    toml = "[environment]\nbuild_timeout_sec = 30\n[verifier.environment]\nbuild_timeout_sec = 5\n"
    write_task(tmp_path / "one", toml + "[verifier.environment.healthcheck]\ncommand = 'x'\n")

    task = only_task(tmp_path)

    environment = environment_of(task.steps[0].verifier)
    assert (environment.build_timeout_s, environment.healthcheck) == (30.0, None)
    assert [note.partition(" ")[0] for note in task.notes] == [
        "verifier.environment.build_timeout_sec",
        "verifier.environment.healthcheck",
    ]


@pytest.mark.parametrize(
    ("each", "head", "files", "image", "folder"),
    [
        ("", SEPARATE, ("tests/Dockerfile",), None, "tests"),
        ("", SEPARATE, ("tests/Dockerfile", "steps/a/tests/Dockerfile"), None, "steps/a/tests"),
        ("", "[verifier.environment]\ndocker_image='t'\n", (), "t", "tests"),
        (
            "[steps.verifier.environment]\ndocker_image='s'\n",
            "[verifier.environment]\ndocker_image='t'\n",
            (),
            "s",
            "steps/a/tests",
        ),
        (
            "[steps.verifier.environment]\ncpus=1\n",
            "[verifier.environment]\ndocker_image='t'\n",
            (),
            "t",
            "tests",
        ),
        ("[steps.verifier]\nenvironment_mode='separate'\n", "", (), None, "environment"),
    ],
)
def test_a_step_takes_the_nearest_image(
    tmp_path: Path, each: str, head: str, files: tuple[str, ...], image: str | None, folder: str
) -> None:
    written = dict.fromkeys(files, "FROM x\n")
    top = write_steps(tmp_path / "one", "a", head=head, each=each, files=written)

    (step,) = only_task(tmp_path).steps

    environment = environment_of(step.verifier)
    assert (environment.image, environment.folder) == (image, top / folder)
    assert bool(step.verifier.tests) == (folder == "environment")


def test_a_step_may_stay_beside_the_agent_where_others_do_not(tmp_path: Path) -> None:
    each = "[steps.verifier]\nenvironment_mode = 'shared'\n"
    write_steps(tmp_path / "one", "a", head=SEPARATE, each=each)

    (step,) = only_task(tmp_path).steps

    assert step.verifier.environment is None


def test_variables_of_a_verifier_environment_are_looked_up(tmp_path: Path) -> None:
    write_task(tmp_path / "one", '[verifier.environment.env]\nA = "${KEY}"\n')

    verifier = only_step(tmp_path, KEY="k").verifier

    assert environment_of(verifier).env == {"A": "k"}
