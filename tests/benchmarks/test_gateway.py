"""The gateway's benchmark runs, and its object has what is read from it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_gateway_beside_the_bare_provider_is_one_object() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "gateway.py"), "--json", "--no-proxy"]
    command += ["--rounds", "1", "--seconds", "0.3", "--connections", "1", "3"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    connections = json.loads(done.stdout)["connections"]
    assert [*connections] == ["1", "3"]
    for row in (*connections.values(), *(row["streamed"] for row in connections.values())):
        assert row["direct_rps"] > 0
        assert row["autoloop_rps"] > 0
        assert row["proxy_rps"] is None
        assert {"added_p50_ms", "added_p99_ms"} <= row.keys()
