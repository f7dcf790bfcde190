"""What a task may reach, in which phase. Harbor refuses all but `public` on this machine."""

from tests.conformance.building import (
    LIMITS,
    LOOK,
    holds,
    refused,
    scored,
    script,
    step,
    steps,
    tables,
    task,
)
from tests.conformance.case import Case, Reference

SEEN = "python3 /solution/look.py >> /app/seen"
IS_OPEN = "python3 /tests/look.py | grep -Eq 'open|silent'"
IS_CUT = "python3 /tests/look.py | grep -Eq 'cut|silent'"
WAS_OPEN = "xargs < /app/seen | grep -Eq '^(open|silent)$'"
WAS_CUT = "xargs < /app/seen | grep -Eq '^(cut|silent)$'"
WAS_BOTH = "xargs < /app/seen | grep -Eq '^(cut|silent) (open|silent)$'"
ABORTS = Reference(refused=True)
HOST = "127.9.8.7"
"""Allowed, and nothing listens there: the proxy says so, and refuses others by another number."""
ASK = script(
    """for url in "$@"; do
  python3 - "$url" <<'END'
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError as error:
    print("none")
END
done"""
)
LOOKS = {"solution/look.py": LOOK, "tests/look.py": LOOK}
ASK_BOTH = f"http://{HOST}:9/ http://example.invalid/"
ALLOWLIST = f'network_mode = "allowlist"\nallowed_hosts = ["{HOST}", "*.Example.com"]\n'


def network(name: str, toml: str, *, solve: str = SEEN, test: str = WAS_CUT) -> Case:
    """A task with these policies that looks around in both phases."""
    files = task(
        toml,
        solve=solve,
        test=holds(*test.splitlines()),
        more={"solution/ask.sh": ASK, "tests/ask.sh": ASK, **LOOKS},
    )
    return Case(
        id=name,
        files=files,
        expect=scored(),
        harbor=ABORTS,
        differs="networks",
        is_about_network=True,
    )


AGENT_CUT = LIMITS.replace("[verifier]", 'network_mode = "no-network"\n[verifier]')
AGENT_LISTED = LIMITS.replace("[verifier]", f"{ALLOWLIST}[verifier]")
CASES = (
    Case(
        id="network-public",
        files=task(solve=SEEN, test=holds(WAS_OPEN, IS_OPEN), more=LOOKS),
        expect=scored(),
        is_about_network=True,
    ),
    Case(
        id="network-public-over-old",
        files=task(
            LIMITS + '[environment]\nallow_internet = false\nnetwork_mode = "public"\n',
            solve=SEEN,
            test=holds(WAS_OPEN, IS_OPEN),
            more=LOOKS,
        ),
        expect=scored(),
        is_about_network=True,
    ),
    network(
        "network-none",
        LIMITS + '[environment]\nnetwork_mode = "no-network"\n',
        test=f"{WAS_CUT}\n{IS_CUT}\n! getent hosts example.com",
    ),
    network("network-none-of-old", LIMITS + "[environment]\nallow_internet = false\n"),
    network("network-none-for-the-agent", AGENT_CUT, test=f"{WAS_CUT}\n{IS_OPEN}"),
    network(
        "network-none-for-the-verifier",
        LIMITS + 'network_mode = "no-network"\n',
        test=f"{WAS_OPEN}\n{IS_CUT}",
    ),
    network(
        "network-public-for-the-verifier",
        LIMITS + 'network_mode = "public"\n[environment]\nnetwork_mode = "no-network"\n',
        test=f"{WAS_CUT}\n{IS_OPEN}",
    ),
    network(
        "network-allowlist",
        LIMITS + "[environment]\n" + ALLOWLIST,
        solve=f"{SEEN}; bash /solution/ask.sh {ASK_BOTH} > /app/asked",
        test=f"{WAS_CUT}\n[ \"$(xargs < /app/asked)\" = '502 403' ]\n"
        f"[ \"$(bash /tests/ask.sh {ASK_BOTH} | xargs)\" = '502 403' ]",
    ),
    network(
        "network-allowlist-for-the-agent",
        AGENT_LISTED,
        solve=f"{SEEN}; bash /solution/ask.sh {ASK_BOTH} > /app/asked",
        test=f"{WAS_CUT}\n[ \"$(xargs < /app/asked)\" = '502 403' ]\n{IS_OPEN}\n"
        '[ -z "$HTTP_PROXY$http_proxy" ]',
    ),
    network(
        "network-allowlist-for-the-verifier",
        LIMITS + ALLOWLIST + '[environment]\nnetwork_mode = "no-network"\n',
        solve=f'{SEEN}; echo "$HTTP_PROXY$https_proxy" > /app/proxy',
        test=f'{WAS_CUT}\n[ -z "$(cat /app/proxy)" ]\n'
        f"[ \"$(bash /tests/ask.sh {ASK_BOTH} | xargs)\" = '502 403' ]",
    ),
    network(
        "network-none-of-a-separate-verifier",
        'artifacts = ["/app/seen"]\n'
        + LIMITS
        + '[verifier.environment]\nnetwork_mode = "no-network"\n',
        test=f"{WAS_OPEN}\n{IS_CUT}",
    ),
    Case(
        id="network-of-steps",
        files=steps(
            LIMITS + tables("one", "two", one="agent.network_mode = 'no-network'\n"),
            step("one", holds(WAS_CUT, IS_OPEN), SEEN, more=LOOKS),
            step("two", holds(WAS_BOTH, IS_OPEN), SEEN, more=LOOKS),
        ),
        expect=scored(),
        harbor=ABORTS,
        differs="networks",
        is_about_network=True,
    ),
    Case(
        id="network-hosts-without-their-mode",
        files=task(LIMITS + '[environment]\nallowed_hosts = ["example.com"]\n'),
        expect=refused("task.toml", "allowed_hosts", "allowlist"),
    ),
    Case(
        id="network-host-that-is-none",
        files=task(
            LIMITS
            + '[environment]\nnetwork_mode = "allowlist"\nallowed_hosts = ["http://example.com/"]\n'
        ),
        expect=refused("task.toml", "allowed_hosts", "http://example.com/"),
    ),
)
