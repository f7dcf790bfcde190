"""Tasks whose environment is a group of containers."""

from tests.conformance.building import (
    BASE,
    LIMITS,
    LOOK,
    SOLVE,
    holds,
    invalid,
    refused,
    scored,
    task,
)
from tests.conformance.case import Case, Expect, Reference

COMPOSE = "environment/docker-compose.yaml"
ONLY_COMPOSE = f"""services:
  main:
    image: {BASE}
    build: !reset null
    pull_policy: missing
"""
WEB = f"""  side:
    image: {BASE}
    command: [python3, -m, http.server, "8123", -d, /etc]
"""
IDLE_SIDE = f"services:\n  side:\n    image: {BASE}\n    command: [sleep, infinity]\n"
FETCH = (
    """python3 -c "from urllib.request import urlopen; urlopen('http://side:8123/', timeout=9)" """
)
PATIENTLY = f"for i in $(seq 50); do {FETCH} && break; sleep 0.2; done; {FETCH}"
WORD_COMES = "for i in $(seq 50); do [ -s /shared/word ] && break; sleep 0.2; done"
HEALTHY = f"""services:
  main:
    depends_on:
      side: {{condition: service_healthy}}
    volumes: ['shared:/shared']
  side:
    image: {BASE}
    command: [sh, -c, 'sleep 2; touch /shared/ready; exec sleep infinity']
    volumes: ['shared:/shared']
    healthcheck: {{test: [CMD, test, -e, /shared/ready], interval: 1s, retries: 60}}
volumes:
  shared: {{}}
"""
SICK = f"""services:
  main:
    depends_on:
      side: {{condition: service_healthy}}
  side:
    image: {BASE}
    command: [sh, -c, 'echo no luck; exit 3']
    healthcheck: {{test: [CMD, 'true'], interval: 1s}}
"""
READ_ONLY = f"""services:
  main:
    volumes: ['shared:/shared:ro']
  side:
    image: {BASE}
    command: [sh, -c, 'echo sesame > /shared/word; exec sleep infinity']
    volumes: ['shared:/shared']
volumes:
  shared: {{}}
"""
BUILT_SIDE = """services:
  main:
    volumes: ['shared:/shared']
  side:
    build: {context: ./side}
    command: [sh, -c, 'cp /word /shared/; exec sleep infinity']
    volumes: ['shared:/shared']
volumes:
  shared: {}
"""
NETWORKS = f"""services:
  main:
    networks: [front]
{WEB}    networks: [front, back]
  far:
    image: {BASE}
    command: [sleep, infinity]
    networks: [back]
networks:
  front: {{}}
  back: {{internal: true}}
"""
INTERPOLATION = """services:
  main:
    environment:
      - SEEN_LIMITS=${CPUS:-none} ${MEMORY:-none}
      - SEEN_TASK=${COLOUR}
      - SEEN_DEFAULT=${CONFORMANCE_UNSET:-default}
      - SEEN_UNSET=${CONFORMANCE_UNSET}
      - SEEN_HOST=${CONFORMANCE_HOST}
      - SEEN_CONTEXT=${CONTEXT_DIR:-none}
      - SEEN_IMAGE=${MAIN_IMAGE_NAME:-none}
      - SEEN_LOGS=${ENV_VERIFIER_LOGS_PATH:-none}
      - PRICE=$$5
"""
SIDE_WITH_WORD = f"""services:
  side:
    image: {BASE}
    command: [sh, -c, 'echo sesame > /var/word.txt; exec sleep infinity']
"""
COLLECTS = """[[verifier.collect]]
command = "mkdir -p /var/state; id -un > /var/state/who; hostname > /var/state/host"
service = "side"
"""

CASES = (
    Case(
        id="compose-sidecar",
        files=task(
            solve=f"{PATIENTLY} && {SOLVE}",
            test=holds("[ -s /app/solved.txt ]", FETCH),
            more={COMPOSE: f"services:\n  main:\n    depends_on: [side]\n{WEB}"},
        ),
        expect=scored(),
    ),
    Case(
        id="compose-sidecar-that-becomes-healthy",
        files=task(
            solve=f"test -e /shared/ready && {SOLVE}",
            test=holds("[ -s /app/solved.txt ]"),
            more={COMPOSE: HEALTHY},
        ),
        expect=scored(),
    ),
    Case(
        id="compose-sidecar-that-ends",
        files=task(more={COMPOSE: SICK}),
        expect=invalid("ImageError", "side"),
        harbor=Reference(failure="RuntimeError"),
        differs="names-of-failures",
    ),
    Case(
        id="compose-volume-for-reading-only",
        files=task(
            solve=f"{WORD_COMES}\ncat /shared/word > /app/word\n"
            "touch /shared/mine || echo no > /app/refused",
            test=holds('[ "$(cat /app/word)" = sesame ]', "[ -e /app/refused ]"),
            more={COMPOSE: READ_ONLY},
        ),
        expect=scored(),
    ),
    Case(
        id="compose-sidecar-that-is-built",
        files=task(
            solve=f"{WORD_COMES}; cat /shared/word > /app/word",
            test=holds('[ "$(cat /app/word)" = built ]'),
            more={
                "environment/side/Dockerfile": f"FROM {BASE}\nRUN echo built > /word\n",
                COMPOSE: BUILT_SIDE,
            },
        ),
        expect=scored(),
    ),
    Case(
        id="compose-networks",
        files=task(
            solve=f"{PATIENTLY} && {SOLVE}",
            test=holds("[ -s /app/solved.txt ]", "! getent hosts far"),
            more={COMPOSE: NETWORKS},
        ),
        expect=scored(),
    ),
    Case(
        id="compose-interpolation",
        files=task(
            LIMITS
            + "[environment]\ncpus = 1\nmemory_mb = 512\n"
            + '[environment.env]\nCOLOUR = "blue"\n',
            test=holds(
                '[ "$SEEN_LIMITS" = "1 512M" ]',
                '[ "$SEEN_TASK" = blue ]',
                '[ "$COLOUR" = blue ]',
                '[ "$SEEN_DEFAULT" = default ]',
                '[ "${SEEN_UNSET-gone}" = "" ]',
                '[ "$SEEN_HOST" = from-the-host ]',
                '[ "$SEEN_CONTEXT" != none ]',
                '[ "$SEEN_IMAGE" != none ]',
                '[ "$SEEN_LOGS" = /logs/verifier ]',
                "[ \"$PRICE\" = '$5' ]",
            ),
            more={COMPOSE: INTERPOLATION},
        ),
        expect=scored(),
    ),
    Case(
        id="compose-without-a-dockerfile",
        files=task(
            dockerfile=None,
            solve="echo x > /solved",
            test=holds("[ -s /solved ]", '[ "$PWD" = / ]'),
            more={COMPOSE: ONLY_COMPOSE},
        ),
        expect=scored(),
    ),
    Case(
        id="compose-with-a-ready-image",
        files=task(
            LIMITS + f'[environment]\ndocker_image = "{BASE}"\n',
            dockerfile=None,
            solve="true",
            test=holds('[ "${X-gone}" = "" ]'),
            more={COMPOSE: "services:\n  main:\n    environment: ['X=${CONFORMANCE_UNSET}']\n"},
        ),
        expect=scored(),
    ),
    Case(
        id="compose-command-of-its-own",
        files=task(
            test=holds("[ -e /app/begun ]"),
            more={
                COMPOSE: "services:\n  main:\n"
                "    command: [sh, -c, 'touch /app/begun; exec sleep infinity']\n"
            },
        ),
        expect=scored(),
    ),
    Case(
        id="compose-without-the-outside",
        files=task(
            LIMITS + '[environment]\nnetwork_mode = "no-network"\n',
            solve=f"{PATIENTLY} && {SOLVE}",
            test=holds("[ -s /app/solved.txt ]", "! python3 /tests/look.py | grep open", FETCH),
            more={COMPOSE: f"services:\n{WEB}", "tests/look.py": LOOK},
        ),
        expect=scored(),
        harbor=Reference(refused=True),
        differs="networks",
    ),
    Case(
        id="compose-that-is-no-yaml",
        files=task(more={COMPOSE: "services: [\n"}),
        expect=invalid("ImageError", "docker-compose.yaml"),
        harbor=Reference(failure="RuntimeError"),
        differs="names-of-failures",
    ),
    Case(
        id="compose-artifact-of-a-sidecar",
        files=task(
            'artifacts = [{source = "/var/word.txt", service = "side"}]\n' + LIMITS,
            more={COMPOSE: SIDE_WITH_WORD},
        ),
        expect=Expect(
            rewards={"reward": 1.0},
            files={"artifacts/var/word.txt": "sesame", "artifacts/manifest.json": '"side"'},
        ),
    ),
    Case(
        id="compose-artifact-of-no-sidecar",
        files=task('artifacts = [{source = "/var/word.txt", service = "side"}]\n' + LIMITS),
        expect=refused("task.toml", "artifacts", "side"),
    ),
    Case(
        id="compose-collect-in-a-sidecar",
        files=task(
            'artifacts = [{source = "/var/state", service = "side"}]\n' + LIMITS + COLLECTS,
            more={COMPOSE: IDLE_SIDE},
        ),
        expect=Expect(rewards={"reward": 1.0}, files={"artifacts/var/state/who": "root"}),
    ),
)
