"""Real coding agents from npm, before a provider on loopback that offers a model they know."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from autoloop.errors import ImageError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(scope="module")
def outside() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("outside")


@pytest.mark.parametrize("preset", ["claude-code", "codex"])
def test_a_real_program_submits_through_gateway_and_sdk(
    outside: ModuleType, tmp_path: Path, preset: str
) -> None:
    try:
        reached = outside.measure(preset, tmp_path)
    except ImageError as error:
        pytest.skip(f"The program's image cannot be made here: {error}")

    assert reached.submitted, reached.remark
    assert reached.calls >= 2
