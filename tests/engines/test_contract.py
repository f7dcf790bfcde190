"""Threads and the fake keep the same promises."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from autoloop.engines import LocalEngine
from autoloop.ports import Engine, TrialRunner
from autoloop.testing.trials import InlineEngine
from tests.engines.contract import Build, EngineContract


class TestLocalEngine(EngineContract):
    @pytest.fixture
    def build(self) -> Iterator[Build]:
        with ExitStack() as stack:

            def build_one(runner: TrialRunner, workers: int) -> Engine:
                engine = LocalEngine(runner, workers=workers)
                stack.callback(engine.close)
                return engine

            yield build_one


class TestInlineEngine(EngineContract):
    @pytest.fixture
    def build(self) -> Build:
        return lambda runner, workers: InlineEngine(runner, workers=workers)
