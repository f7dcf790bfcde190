"""A small crowd of trials at a provider that fails a fifth of all requests."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def faults() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        module = importlib.import_module("faults")
        for name, value in module.KEYS.items():
            patch.setenv(name, value)
        yield module


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "openai responses", "litellm"])
def test_every_trial_is_scored_and_all_totals_are_the_providers(
    faults: ModuleType, kind: str
) -> None:
    # Whole seconds, which dates ask for, are left to the large form.
    plan = faults.Plan(trials=16, silence_s=1.0, first_wait_s=0.01, date_wait_s=0.0)

    done = faults.crowd(kind, plan)

    assert done.tally.requests > 80
    assert done.scored == 16, [one.problems for one in done.ended]
    assert done.paid_twice == 0
    assert not any(done.differences.values()), done.differences


def test_the_table_tells_what_becomes_of_every_fault(faults: ModuleType) -> None:
    told = dict(faults.table())

    assert told.keys() > faults.FAULTS.keys()
    assert set(told["429"].values()) == {"answered; if it stays: PassingError"}
    assert set(told["key"].values()) == {"stops the run"}
    assert set(told["context"].values()) == {"AgentError"}
