"""What containers reach in each phase of a trial, on a real engine with a server on the host."""

import http.server
import threading
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from docker.api.client import APIClient

from autoloop.records import Outcome
from tests.sandbox.conftest import LEAVE
from tests.trial.conftest import TOML, Bench, Case, Look, on_their_way, script

pytestmark = pytest.mark.docker

LISTED = 'network_mode = "allowlist"\nallowed_hosts = ["HOST"]\n'
NONE = 'network_mode = "no-network"\n'
# A bridge may forget its address for some seconds when other containers come and go: whoever gets
# no answer at all asks again, which changes nothing for what is shut.
REACH = """reach() {
  python3 - <<END && echo "$1 yes" || echo "$1 no"
import urllib.request
for chance in range(20):
    try:
        urllib.request.urlopen("http://$1:PORT/", timeout=3).read()
        break
    except OSError as error:
        if "timed out" not in str(error):
            raise
else:
    raise SystemExit("no answer")
END
}
"""
BY_PROXY = '[ -n "$http_proxy" ] && reach HOST || echo "HOST no"\n'
BY_ITSELF = f"""itself() {{
{LEAVE}
}}
itself | sed 's/leaves/itself yes/; s/stays/itself no/'
"""
UNLISTED = "reach 10.255.255.1\n"
REWARD = "echo 1 > /logs/verifier/reward.txt"
TWO_STEPS = '[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n[steps.agent]\n'


class Server(http.server.ThreadingHTTPServer):
    """A web server that many may ask at once."""

    request_queue_size = 64


class Quiet(http.server.BaseHTTPRequestHandler):
    """Answers everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def phases(environment: str = "", agent: str = "", verifier: str = "") -> str:
    """A task.toml with these networks."""
    patient = TOML.replace("60.0", "240.0").replace("30.0", "240.0")
    toml = patient.replace("[agent]\n", f"[agent]\n{agent}").replace(
        "[verifier]\n", f"[verifier]\n{verifier}"
    )
    return toml + f"[environment]\n{environment}"


def cases(port: int, host: str) -> dict[str, Case]:
    def placed(text: str) -> str:
        return text.replace("PORT", str(port)).replace("HOST", host)

    listed, reach = placed(LISTED), placed(f"{REACH}reach HOST\n")
    ways = placed(REACH + BY_PROXY + BY_ITSELF)
    public = 'network_mode = "public"\n'
    networks = {
        "public": phases(),
        "none": phases(NONE),
        "listed": phases(listed),
        "shut for tests": phases(verifier=NONE),
        "open for tests": phases(NONE, verifier=public),
        "listed for tests": phases(NONE, verifier=listed),
        "listed for the agent": phases(NONE, agent=listed),
    }
    solution = {"solution/solve.sh": script(ways)}
    return {
        **{
            name: Case(agent="oracle", toml=toml, files=solution, test=ways + REWARD)
            for name, toml in networks.items()
        },
        "healthcheck": Case(
            toml=phases(listed)
            + f"[environment.healthcheck]\ncommand = '''({reach}) | grep yes'''\nretries = 1\n"
        ),
        "unlisted": Case(
            test=placed(f"{REACH}reach HOST\n{UNLISTED}") + REWARD, toml=phases(listed)
        ),
        "agent.py": Case(
            agent="def solve(i, env, m):\n"
            f"    env.write('/logs/agent/out', env.run({reach!r}).stdout)\n",
            toml=phases(listed),
        ),
        "steps": Case(
            agent="oracle",
            toml=phases(NONE) + TWO_STEPS + listed,
            files={
                "tests/test.sh": script(reach + REWARD),
                "solution/solve.sh": script(reach),
                "steps/one/instruction.md": "one",
                "steps/two/instruction.md": "two",
            },
        ),
        "separate": Case(
            toml=phases(verifier='environment_mode = "separate"\n')
            + f"[verifier.environment]\n{listed}",
            test=reach + REWARD,
        ),
    }


@pytest.fixture(scope="module")
def host(engine: APIClient) -> str:
    """Where containers find this machine."""
    (settings,) = engine.inspect_network("bridge")["IPAM"]["Config"]
    # An engine that was given the bridge's address by hand names the subnet alone.
    return str(settings.get("Gateway") or next(ip_network(settings["Subnet"]).hosts()))


@pytest.fixture(scope="module")
def ended(bench: Bench, host: str) -> Iterator[Look]:
    with Server((host, 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with on_their_way(bench, cases(server.server_port, host)) as look:
            yield look
        server.shutdown()


def reached(text: str) -> list[str]:
    """The answers to each attempt, in order."""
    return [line.split()[1] for line in text.splitlines() if line.endswith((" yes", " no"))]


@pytest.mark.parametrize(
    ("name", "by_agent", "by_tests"),
    [
        ("public", "no yes", "no yes"),
        ("none", "no no", "no no"),
        ("listed", "yes no", "yes no"),
        ("shut for tests", "no yes", "no no"),
        ("open for tests", "no no", "no yes"),
        ("listed for tests", "no no", "yes no"),
        ("listed for the agent", "yes no", "no no"),
    ],
)
def test_each_phase_reaches_what_it_may_by_the_proxy_and_by_itself(
    ended: Look, name: str, by_agent: str, by_tests: str
) -> None:
    end = ended(name)

    assert end.result.outcome is Outcome.SCORED, end.result.failure
    assert reached(end.text("agent/oracle.txt")) == by_agent.split()
    assert reached(end.text("verifier/test-stdout.txt")) == by_tests.split()


def test_a_healthcheck_reaches_what_is_listed(ended: Look) -> None:
    assert ended("healthcheck").result.outcome is Outcome.SCORED


def test_what_is_not_listed_is_refused_with_a_sentence(ended: Look) -> None:
    said = ended("unlisted").text("verifier/test-stdout.txt")

    assert reached(said) == ["yes", "no"]
    assert "not among this task's allowed_hosts" in said


def test_commands_of_agent_py_reach_what_is_listed(ended: Look) -> None:
    assert reached(ended("agent.py").text("agent/out")) == ["yes"]


def test_a_step_reaches_what_it_says(ended: Look) -> None:
    end = ended("steps")

    assert reached(end.text("steps/one/agent/oracle.txt")) == ["no"]
    assert reached(end.text("steps/two/agent/oracle.txt")) == ["yes"]
    assert reached(end.text("steps/two/verifier/test-stdout.txt")) == ["no"]


def test_a_verifier_of_its_own_reaches_what_its_environment_says(ended: Look) -> None:
    assert reached(ended("separate").text("verifier/test-stdout.txt")) == ["yes"]


def test_nothing_is_left_of_the_way_out(ended: Look, engine: APIClient) -> None:
    end = ended("listed")

    rows = engine.containers(filters={"label": [f"trial={end.result.id}"]})
    assert not [row for row in rows if "egress.py" in row["Command"]]
