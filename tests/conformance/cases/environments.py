"""Where a task is solved: images, folders, limits, variables."""

from tests.conformance.building import (
    BASE,
    DOCKERFILE,
    LIMITS,
    holds,
    invalid,
    refused,
    scored,
    task,
)
from tests.conformance.case import Case, Reference

READY_IMAGE = f'[environment]\ndocker_image = "{BASE}"\n'
HEREDOCS = """COPY <<END /app/config.txt
first line
second line
END
RUN <<END
set -e
mkdir /made
echo done > /made/by-heredoc
END
"""
ENTRY = r"""RUN printf '#!/bin/sh\ntouch /app/begun\nexec "$@"\n' > /entry && chmod +x /entry
ENTRYPOINT ["/entry"]
"""
SLOW = r"""RUN printf '#!/bin/sh\n(sleep 3; touch /app/ready) &\nexec "$@"\n' > /entry \
    && chmod +x /entry
ENTRYPOINT ["/entry"]
"""
MEMORY = """$(cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory.max 2>/dev/null)"""
QUOTA = """$(cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us cpu.max 2>/dev/null | cut -d' ' -f1)"""

CASES = (
    Case(
        id="image-with-uploads",
        files=task(
            LIMITS + READY_IMAGE + 'workdir = "/srv/work"\n',
            dockerfile=None,
            solve="cat in/hello.txt > out.txt",
            test=holds('[ "$PWD" = /srv/work ]', '[ "$(cat /srv/work/out.txt)" = hi ]'),
            more={"environment/in/hello.txt": "hi\n"},
        ),
        expect=scored(),
    ),
    Case(
        id="uploads-edited",
        files=task(
            LIMITS + READY_IMAGE + 'workdir = "/srv/work"\n',
            dockerfile=None,
            solve="echo more >> in/hello.txt; rm in/old.txt; rm in/a; mkdir in/a; echo b > in/a/b",
            test=holds(
                '[ "$(cat in/hello.txt)" = "$(printf \'hi\\nmore\')" ]',
                "[ ! -e in/old.txt ]",
                '[ "$(cat in/a/b)" = b ]',
            ),
            more={
                "environment/in/hello.txt": "hi\n",
                "environment/in/old.txt": "old\n",
                "environment/in/a": "a\n",
            },
        ),
        expect=scored(),
    ),
    Case(
        id="image-without-environment-folder",
        files=task(
            LIMITS + READY_IMAGE, dockerfile=None, solve="true", test=holds('[ "$PWD" = / ]')
        ),
        expect=scored(),
        harbor=Reference(refused=True),
        differs="no-environment-folder",
    ),
    Case(
        id="image-over-dockerfile",
        files=task(
            LIMITS + READY_IMAGE,
            dockerfile=f"FROM {BASE}\nRUN touch /from-the-dockerfile\n",
            solve="true",
            test=holds("! [ -e /from-the-dockerfile ]", "! [ -e /Dockerfile ]"),
        ),
        expect=scored(),
    ),
    Case(
        id="image-unknown",
        files=task(
            LIMITS + '[environment]\ndocker_image = "autoloop/no-such-image:1"\n',
            dockerfile=None,
            more={"environment/keep": ""},
        ),
        expect=invalid("ImageError", "autoloop/no-such-image:1"),
        harbor=Reference(failure="RuntimeError"),
        differs="names-of-failures",
    ),
    Case(
        id="build-with-context",
        files=task(
            dockerfile=DOCKERFILE + "COPY data/ /app/data/\nARG WHO=nobody\nENV WHO=$WHO\n",
            test=holds('[ "$(cat /app/data/in.txt)" = in ]', '[ "$WHO" = nobody ]'),
            more={"environment/data/in.txt": "in\n"},
        ),
        expect=scored(),
    ),
    Case(
        id="build-without-what-dockerignore-names",
        files=task(
            dockerfile=DOCKERFILE + "COPY . /ctx/\n",
            test=holds("[ -e /ctx/kept ]", "! [ -e /ctx/secret.key ]"),
            more={
                "environment/kept": "",
                "environment/secret.key": "x",
                "environment/.dockerignore": "*.key\n",
            },
        ),
        expect=scored(),
    ),
    Case(
        id="build-with-heredocs",
        files=task(
            dockerfile=DOCKERFILE + HEREDOCS,
            test=holds(
                '[ "$(sed -n 2p /app/config.txt)" = "second line" ]',
                '[ "$(cat /made/by-heredoc)" = done ]',
            ),
        ),
        expect=scored(),
        harbor=Reference(failure="RuntimeError"),
        differs="heredocs",
    ),
    Case(
        id="build-fails",
        files=task(dockerfile=DOCKERFILE + "RUN echo out of luck && exit 7\n"),
        expect=invalid("ImageError", "out of luck"),
        harbor=Reference(failure="RuntimeError"),
        differs="names-of-failures",
    ),
    Case(
        id="build-timeout",
        files=task(
            LIMITS + "[environment]\nbuild_timeout_sec = 3.0\n",
            dockerfile=DOCKERFILE + "RUN sleep 120\n",
        ),
        expect=invalid("ImageError", "took longer than"),
        harbor=Reference(failure="EnvironmentStartTimeoutError"),
        differs="names-of-failures",
    ),
    Case(
        id="entrypoint-that-goes-on",
        files=task(dockerfile=DOCKERFILE + ENTRY, test=holds("[ -e /app/begun ]")),
        expect=scored(),
    ),
    Case(
        id="entrypoint-that-ends",
        files=task(dockerfile=DOCKERFILE + 'ENTRYPOINT ["/bin/true"]\n'),
        expect=invalid("ImageError", "ENTRYPOINT"),
        harbor=Reference(failure="RuntimeError"),
        differs="names-of-failures",
    ),
    Case(
        id="health-of-the-image-is-waited-for",
        files=task(
            dockerfile=DOCKERFILE
            + SLOW
            + "HEALTHCHECK --interval=1s --retries=60 CMD test -e /app/ready\n",
            solve="[ -e /app/ready ] && touch /app/was-ready",
            test=holds("[ -e /app/was-ready ]"),
        ),
        expect=scored(),
    ),
    Case(
        id="command-of-the-image-is-not-run",
        files=task(dockerfile=DOCKERFILE + 'CMD ["/bin/false"]\n'),
        expect=scored(),
    ),
    Case(
        id="image-without-bash",
        files=task(dockerfile=DOCKERFILE + "RUN rm -f /bin/bash /usr/bin/bash\n"),
        expect=invalid("TaskError", "bash"),
        harbor=Reference(failure="RewardFileNotFoundError"),
        differs="no-bash",
    ),
    Case(
        id="no-environment-table",
        files=task('schema_version = "1.4"\n', test=holds('[ "$PWD" = /app ]')),
        expect=scored(),
    ),
    Case(id="empty-task-toml", files=task(""), expect=scored()),
    Case(
        id="environment-variables",
        files=task(
            LIMITS
            + '[environment.env]\nA = "a b"\nB = "${CONFORMANCE_UNSET:-b}"\n'
            + 'C = "${CONFORMANCE_HOST}"\nPATH_LIKE = "/x:$PATH"\n',
            solve='echo "$A $B $C" > /app/seen',
            test=holds(
                '[ "$(cat /app/seen)" = "a b b from-the-host" ]',
                '[ "$A $B $C" = "a b b from-the-host" ]',
                "[ \"$PATH_LIKE\" = '/x:$PATH' ]",
                "tr '\\0' '\\n' < /proc/1/environ | grep -qx 'A=a b'",
            ),
        ),
        expect=scored(),
    ),
    Case(
        id="environment-variable-missing",
        files=task(LIMITS + '[environment.env]\nKEY = "${CONFORMANCE_UNSET}"\n'),
        expect=refused("task.toml", "environment.env.KEY", "CONFORMANCE_UNSET"),
        differs="missing-variable",
    ),
    Case(
        id="nothing-of-the-host",
        files=task(test=holds('[ -z "$CONFORMANCE_HOST" ]', '[ -z "$DOCKER_HOST" ]')),
        expect=scored(),
    ),
    Case(
        id="limits",
        files=task(
            LIMITS + "[environment]\ncpus = 1\nmemory_mb = 256\nstorage_mb = 512\n",
            test=holds(f'[ "{MEMORY}" = 268435456 ]', f'[ "{QUOTA}" = 100000 ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="limits-of-old",
        files=task(
            'version = "1.0"\n' + LIMITS + '[environment]\nmemory = "0.5G"\nstorage = "10G"\n',
            test=holds(f'[ "{MEMORY}" = 536870912 ]'),
        ),
        expect=scored(),
    ),
    Case(
        id="limits-that-conflict",
        files=task(LIMITS + '[environment]\nmemory = "2G"\nmemory_mb = 1024\n'),
        expect=refused("task.toml", "memory", "1024"),
    ),
    Case(
        id="half-a-processor",
        files=task(LIMITS + "[environment]\ncpus = 0.5\n"),
        expect=refused("task.toml", "environment.cpus", "0.5"),
    ),
    Case(
        id="gpu-where-there-is-none",
        files=task(LIMITS + "[environment]\ngpus = 1\n"),
        expect=invalid("TaskError", "GPU"),
        harbor=Reference(failure="RuntimeError"),
        differs="names-of-failures",
    ),
)
