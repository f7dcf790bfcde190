"""What every `Engine` must do; run against threads and against the fake."""

from collections.abc import Callable

import pytest

from autoloop.errors import ModelError
from autoloop.ports import Engine, TrialRunner
from autoloop.records import TrialRequest, TrialResult
from autoloop.testing.trials import SimulatedRunner
from tests.loop.builders import make_request

Build = Callable[[TrialRunner, int], Engine]


class _Refused:
    def run(self, request: TrialRequest) -> TrialResult:
        raise ModelError(f"No key for {request.task.name!r}.")


class EngineContract:
    """Subclasses give a fixture `build`."""

    def test_every_request_gets_its_own_result(self, build: Build) -> None:
        requests = [make_request(f"t{n}") for n in range(9)]
        engine = build(SimulatedRunner(chance=lambda _source, _task: 1.0), 3)

        results = [engine.submit(request).result() for request in requests]

        assert engine.workers == 3
        assert [result.key for result in results] == [request.key for request in requests]

    def test_what_the_runner_raises_comes_out_of_the_result(self, build: Build) -> None:
        future = build(_Refused(), 1).submit(make_request("t1"))

        with pytest.raises(ModelError, match="No key for 't1'"):
            future.result()

    def test_closing_waits_for_what_runs_and_may_be_repeated(self, build: Build) -> None:
        runner = SimulatedRunner(chance=lambda _source, _task: 1.0)
        engine = build(runner, 2)
        futures = [engine.submit(make_request(f"t{n}")) for n in range(5)]

        engine.close()
        engine.close(now=True)

        assert all(future.done() for future in futures)
        assert len(runner.requests) == 5
