"""What makes two trials equal, and a run that goes on without its archive."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.app.archive import ContentKeys, Spareable, Terms, reuse_for
from autoloop.errors import EngineError, StorageError
from autoloop.ports import BoxSpec, Container, ContainerSpec
from autoloop.records import (
    Agent,
    ArchiveKey,
    Environment,
    Notice,
    Purpose,
    Quota,
    Task,
    TaskStep,
    TrialRequest,
    TrialResult,
    Verifier,
)
from autoloop.settings import Settings
from autoloop.testing.observers import RecordingObserver
from autoloop.testing.stores import MemoryArchive
from tests.app.builders import make_trial

OF_IMAGE = Environment(folder=Path("/tasks"), dockerfile=None, image="debian")
TERMS = Terms(run="r1", settings=Settings(), model="openai/gpt-5", seed=0)
OFFLINE = replace(TERMS, model="offline")


class Registry:
    """A sandbox that knows images, and starts nothing."""

    def __init__(self, images: Mapping[str, str] | None = None, *, agent: str = "agent-1") -> None:
        self.images = images or {"debian": "debian-1", "judge": "judge-1"}
        self.agent = agent
        self.asked: list[str] = []

    def fingerprint(self, environment: Environment) -> str:
        assert environment.image is not None
        self.asked.append(environment.image)
        if environment.image not in self.images:
            raise EngineError("The engine does not answer.")
        return self.images[environment.image]

    def agent_image(self) -> str:
        return self.agent

    def prepare(self, environment: Environment, *, timeout_s: float) -> None:
        raise AssertionError(f"{environment.image} was to be built within {timeout_s} s")

    def box(self, spec: BoxSpec) -> AbstractContextManager[Container]:
        raise AssertionError(spec)

    def start(self, spec: ContainerSpec) -> AbstractContextManager[Container]:
        raise AssertionError(spec)

    def sweep(self, *, run: str | None = None) -> int:
        raise AssertionError(run)


def make_request(
    *,
    name: str = "csv/sum",
    digest: str = "sha256:00",
    source: str = "x",
    quota: Quota | None = None,
    verifier: Verifier | None = None,
    env: Mapping[str, str] | None = None,
) -> TrialRequest:
    step = TaskStep(instruction="Do it.", verifier=verifier or Verifier(tests=()))
    task = Task(
        name=name,
        folder=Path("/tasks/x"),
        digest=digest,
        family="csv",
        difficulty="easy",
        environment=replace(OF_IMAGE, env=env or {}),
        steps=(step,),
    )
    return TrialRequest(
        task=task,
        agent=Agent(source=source),
        purpose=Purpose.SEARCH,
        attempt=0,
        seed=0,
        quota=quota or Quota(),
    )


def key_of(
    request: TrialRequest | None = None,
    terms: Terms = TERMS,
    *,
    sandbox: Registry | None = None,
) -> ArchiveKey | None:
    return ContentKeys(terms, sandbox or Registry())(request or make_request())


def of(**settings: object) -> Terms:
    return replace(TERMS, settings=Settings.model_validate(settings))


def test_runs_names_and_attempts_are_no_part_of_the_content() -> None:
    same = make_request(name="csv/renamed")

    assert key_of() is not None
    assert key_of() == key_of(same, replace(TERMS, run="r2"))
    assert key_of() == key_of(replace(same, attempt=4, purpose=Purpose.EVAL, step=9, seed=5))


@pytest.mark.parametrize(
    "request_",
    [
        make_request(source="y"),
        make_request(digest="sha256:01"),
        make_request(quota=Quota(calls=3)),
        make_request(env={"KEY": "value"}),
        make_request(verifier=Verifier(tests=(), env={"KEY": "value"})),
        make_request(verifier=Verifier(tests=(), environment=replace(OF_IMAGE, image="judge"))),
    ],
    ids=["agent", "task", "quota", "variables", "verifier's variables", "verifier's image"],
)
def test_what_a_trial_is_made_of_is_part_of_it(request_: TrialRequest) -> None:
    assert key_of(request_) not in {key_of(), None}


@pytest.mark.parametrize(
    "terms",
    [
        replace(TERMS, model="openai/gpt-5-mini"),
        of(reward="speed"),
        of(services="keep"),
        of(harbor_quirks=True),
        of(timeouts={"multiplier": 2}),
        of(trial={"timeout_s": 60}),
        of(engine="harbor", environment="daytona"),
        of(environment_options={"region": "eu"}),
    ],
    ids=lambda terms: terms.settings.model_dump_json(exclude_defaults=True) + terms.model,
)
def test_how_trials_are_run_is_part_of_it(terms: Terms) -> None:
    assert key_of(terms=terms) not in {key_of(), None}


@pytest.mark.parametrize(
    "terms",
    [
        of(workers=1),
        of(rule="bayes"),
        of(budget={"usd": 1.0}),
        of(splits={"seed": 4}),
        of(models={"meta": "openai/gpt-5"}),
        of(reuse=False),
    ],
    ids=lambda terms: terms.settings.model_dump_json(exclude_defaults=True),
)
def test_how_the_search_is_led_is_no_part_of_it(terms: Terms) -> None:
    assert key_of(terms=terms) == key_of()


@pytest.mark.parametrize(
    "sandbox", [Registry({"debian": "debian-2"}), Registry(agent="agent-2")], ids=["task", "agent"]
)
def test_an_image_that_was_built_anew_is_another(sandbox: Registry) -> None:
    assert key_of(sandbox=sandbox) not in {key_of(), None}


def test_a_server_that_answers_in_the_models_place_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = key_of()

    monkeypatch.setenv("OPENAI_API_BASE", "http://localhost:8000/v1")

    assert key_of() != before


def test_the_seed_is_part_of_it_for_the_stand_in_alone() -> None:
    assert key_of(terms=replace(TERMS, seed=1)) == key_of()
    assert key_of(terms=replace(OFFLINE, seed=1)) != key_of(terms=OFFLINE)


def test_the_engine_is_asked_once_for_each_task() -> None:
    sandbox = Registry()
    keys = ContentKeys(TERMS, sandbox)

    for attempt in range(3):
        keys(replace(make_request(), attempt=attempt))
    keys(make_request(name="another"))

    assert sandbox.asked == ["debian", "debian"]


def test_an_image_that_cannot_be_told_makes_no_key() -> None:
    assert key_of(sandbox=Registry({"other": "1"})) is None


def test_a_secret_is_not_to_be_read_in_a_key() -> None:
    assert "hunter2" not in str(key_of(make_request(env={"PASSWORD": "hunter2"})))


def test_a_run_reuses_as_its_settings_say(tmp_path: Path) -> None:
    for terms, expected in ((TERMS, (True, False)), (of(reuse=False), (False, False))):
        with reuse_for(tmp_path, terms, sandbox=Registry(), observer=RecordingObserver()) as reuse:
            assert reuse is not None
            assert (reuse.takes, reuse.repeats) == expected


def test_a_run_without_a_sound_archive_goes_on_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "trials.db").write_text("no database " * 200)
    observer = RecordingObserver()

    with reuse_for(tmp_path, TERMS, sandbox=Registry(), observer=observer) as reuse:
        assert reuse is None

    (notice,) = observer.of(Notice)
    assert notice.text.startswith("No trial is reused: ")
    assert "delete it" in notice.text


class _Full(MemoryArchive):
    def add(self, key: ArchiveKey, result: TrialResult) -> None:
        raise StorageError(f"The disk is full: {result.id} of {key.agent}.")


def test_an_archive_that_fails_is_told_once_and_stops_nothing() -> None:
    observer, trial = RecordingObserver(), make_trial("amber")
    key = key_of()
    assert key is not None
    archive = Spareable(_Full(run="r1"), observer)

    archive.add(key, trial)
    archive.add(key, trial)

    assert archive.trials(key) == ()
    (notice,) = observer.of(Notice)
    assert "From now on no trial is reused" in notice.text
