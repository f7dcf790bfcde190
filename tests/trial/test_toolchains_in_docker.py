"""What of languages' settings and packages arrives where tests run, in real containers."""

from collections.abc import Iterator

import pytest

from tests.trial.conftest import Bench, Case, Look, on_their_way

pytestmark = pytest.mark.docker

DOCKERFILE = """FROM autoloop/base:bookworm
WORKDIR /app
ENV GOPATH=/srv/go
RUN for one in /root/.m2/repository/own /srv/go/pkg/mod/own /root/.cargo/registry/own; do \\
  mkdir -p $one && echo of the image > $one/code; done
"""
AGENT = """def solve(instruction, env, model):
    env.run("echo mine > /root/.m2/settings.xml; mkdir -p /root/.config/go /root/.julia/packages;"
            " echo mine > /root/.config/go/env; echo mine > /root/.julia/packages/new;"
            " for one in /root/.m2/repository /srv/go/pkg/mod /root/.cargo/registry; do"
            " echo mine > $one/own/code; mkdir $one/new; echo mine > $one/new/code; done")
"""
SHOW = (
    "for one in /root/.m2/settings.xml /root/.config/go/env /root/.julia/packages/new"
    " /root/.m2/repository/own/code /root/.m2/repository/new/code /srv/go/pkg/mod/own/code"
    " /srv/go/pkg/mod/new/code /root/.cargo/registry/own/code /root/.cargo/registry/new/code;"
    ' do echo "$one: $(cat $one 2> /dev/null)"; done; echo 1 > /logs/verifier/reward.txt; exit 0'
)
RUNS = f"{SHOW}\nmvn test; go test; julia test.jl\n"
ASKS = "Write our mirror into ~/.m2/settings.xml.\n"
CASES = {
    "plain": Case(agent=AGENT, files={"environment/Dockerfile": DOCKERFILE}, test=RUNS),
    "asked for": Case(
        agent=AGENT,
        files={"environment/Dockerfile": DOCKERFILE, "instruction.md": ASKS},
        test=RUNS,
    ),
}


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Iterator[Look]:
    with on_their_way(bench, CASES) as look:
        yield look


def _seen(ended: Look, name: str) -> dict[str, str]:
    """By path what the tests saw there."""
    lines = ended(name).text("verifier/test-stdout.txt").splitlines()
    return dict(line.split(": ", 1) for line in lines if line.startswith(("/root", "/srv")))


def test_settings_and_packages_that_tests_use_are_those_of_the_image(ended: Look) -> None:
    seen = _seen(ended, "plain")

    assert (seen["/root/.m2/settings.xml"], seen["/root/.config/go/env"]) == ("", "")
    for store in ("/root/.m2/repository", "/srv/go/pkg/mod"):
        assert (seen[f"{store}/own/code"], seen[f"{store}/new/code"]) == ("of the image", "")
    found = {finding.rule: finding for finding in ended("plain").result.findings}
    assert found["tool-startup"].severity == "suspicious"
    assert "'/root/.m2/settings.xml' (added)" in found["tool-startup"].evidence
    assert found["system-path"].severity == "note"


def test_packages_that_tests_do_not_use_and_whole_new_ones_are_the_agents_work(
    ended: Look,
) -> None:
    seen = _seen(ended, "plain")

    assert seen["/root/.cargo/registry/own/code"] == "mine"
    assert seen["/root/.cargo/registry/new/code"] == "mine"
    assert seen["/root/.julia/packages/new"] == "mine"


def test_settings_that_the_instruction_names_arrive(ended: Look) -> None:
    seen = _seen(ended, "asked for")

    assert seen["/root/.m2/settings.xml"] == "mine"
    assert seen["/root/.config/go/env"] == ""
    (finding,) = (f for f in ended("asked for").result.findings if f.rule == "tool-startup")
    assert ".m2" not in finding.evidence
