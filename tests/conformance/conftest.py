"""One bench for all cases: whatever is asked for in a session runs at the same time."""

from collections.abc import Iterator

import pytest
from docker.api.client import APIClient

from tests.conformance.case import HOST_ENV, Case
from tests.conformance.running import Bench


@pytest.fixture(scope="session")
def bench(
    engine: APIClient, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """A bench on which every case of the tests to come has been started."""
    assert engine.ping()
    with pytest.MonkeyPatch.context() as host:
        for name, value in HOST_ENV.items():
            host.setenv(name, value)
        with Bench(tmp_path_factory.mktemp("conformance")) as started:
            started.start(_asked_for(request.session.items))
            yield started


def _asked_for(items: list[pytest.Item]) -> list[Case]:
    cases = [
        value
        for item in items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        for value in item.callspec.params.values()
        if isinstance(value, Case)
    ]
    return list({case.id: case for case in cases}.values())
