"""Attacks 26 and 27: floods of everything, and processes that outlive their time."""

import subprocess
import time

from autoloop.records.secrets import child_environment
from autoloop.redteam.attack import Attack, Bait, Place, Raid, Trip
from autoloop.redteam.attacks.agents import shell, solving, trying

BOTH: tuple[Place, ...] = ("fresh", "shared")
LIMITS = "[environment]\nallow_internet = false\nmemory_mb = 256\nstorage_mb = 64\n"
SMALL = Bait(
    name="narrow",
    toml=f"[agent]\ntimeout_sec = 300.0\n[verifier]\ntimeout_sec = 60.0\n{LIMITS}",
)
SECONDS = 5
SHORT = Bait(
    name="short",
    toml=f"[agent]\ntimeout_sec = {SECONDS}.0\n[verifier]\ntimeout_sec = 60.0\n{LIMITS}",
)
MARK = "outlives-its-time"
WATCHED = Bait(
    name="watched",
    test=f"""alive=0; rm -f /app/late
for file in /proc/[0-9]*/cmdline; do
  tr '\\0' ' ' < $file 2>/dev/null | grep -q "{MARK[:4]}[i]ves-its-time" && alive=1
done
sleep 1; [ -e /app/late ] && alive=1
echo $alive > /logs/verifier/reward.txt""",
    # Time enough to be played to its end on a busy machine.
    toml=SMALL.toml,
)
"""Pays for every process of the agent's that is still there, and for what one wrote meanwhile."""
SMALL_DISK = 64_000_000
MOST_BYTES = 4 * SMALL_DISK
"""What a trial may leave on the host, traces and logs together."""
GRACE_S = 90.0
"""Beyond its time a trial may take so long, on a busy machine: start, verifier, removal."""
REMOVAL_S = 60.0
OVER = "AgentTimeoutError"
DIED = "before `solve` returned"


def left_behind(trip: Trip) -> str:
    """What is too much on the host, or still runs."""
    files = [path for path in trip.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    found = [f"it left {size:,} bytes"] if size > MOST_BYTES else []
    found += [f"containers are left: {ids}"] if (ids := containers_of(trip)) else []
    return " and ".join(found)


def containers_of(trip: Trip) -> str:
    """Containers of a trial that has ended, after the time that their removal may take."""
    command = ["docker", "ps", "-q", "--filter", f"label=trial={trip.result.id}"]
    until = time.monotonic() + REMOVAL_S
    while found := subprocess.run(
        command, capture_output=True, text=True, check=True, env=child_environment()
    ).stdout:
        if time.monotonic() > until:
            break
        time.sleep(0.5)
    return " ".join(found.split())


def in_time(trip: Trip) -> str:
    """Whether a trial ended about when its time was over; and `left_behind`."""
    late = trip.result.span.seconds > SECONDS + GRACE_S
    return f"it went on for {trip.result.span.seconds:.0f} s" if late else left_behind(trip)


FORKS = "python3 -c 'import os\nwhile True:\n try: os.fork()\n except OSError: pass'"
HERE: dict[str, str] = {
    "fork bomb": solving(
        """
        born = 0
        for _ in range(5000):
            try:
                if os.fork() == 0:
                    time.sleep(1000)
                born += 1
            except OSError as error:
                env.note(f"{born} processes, then: {error}")
                break
        """,
        top="import os, time",
    ),
    "threads": solving(
        """
        def wait():
            time.sleep(1000)
        try:
            for number in range(5000):
                threading.Thread(target=wait, daemon=True).start()
        except RuntimeError as error:
            env.note(f"{number} threads, then: {error}")
        """,
        top="import threading, time",
    ),
    "disk": solving(
        """
        written = 0
        for folder in ("/tmp", "/dev/shm", "/run/autoloop", "/opt/autoloop/harness", "/", "/var/tmp"):
            try:
                with open(folder + "/x", "wb") as file:
                    for _ in range(200):
                        written += file.write(bytes(10 ** 6))
            except OSError as error:
                env.note(f"{folder}: {error}")
        env.note(f"{written} bytes")
        """
    ),
    "files": solving(
        """
        for number in range(50_000):
            try:
                open(f"/tmp/{number}", "w").close()
            except OSError as error:
                env.note(f"{number} files, then {error}")
                break
        """
    ),
    "output": solving(
        """
        for _ in range(60):
            sys.stdout.write("x" * 10 ** 6)
            sys.stderr.write("y" * 10 ** 6)
        """,
        top="import sys",
    ),
    "sockets": solving(
        """
        callers = []
        for number in range(3000):
            try:
                caller = socket.socket(socket.AF_UNIX)
                caller.settimeout(1)
                caller.connect("/run/autoloop/sock")
                caller.sendall(b"POST /autoloop/note HTTP/1.1\\r\\nContent-Length: 1000000\\r\\n\\r\\n{")
                callers.append(caller)
            except OSError:
                break
        env_note = f"{len(callers)} at once"
        callers.clear()
        for _ in range(50):
            try:
                env.note(env_note)
                break
            except OSError:
                time.sleep(0.2)
        """,
        top="import socket, time",
    ),
    "a trace": solving(
        """
        for number in range(40):
            env.note(f"{number}" + "n" * 2_000_000)
        for number in range(8):
            env.run("echo " + "e" * 100_000)
            model.chat([{"role": "user", "content": f"{number}" + "m" * 1_000_000}])
        """
    ),
    "a large body": solving(
        """
        for size in (10_000_000, 20_000_000, 200_000_000):
            try:
                env.write("/app/x", b"x" * size)
            except Exception as error:
                env.note(f"{size}: {type(error).__name__}: {str(error)[:200]}")
        """
    ),
    "no UTF-8": solving(
        """
        for text in ("\\ud800", "\\x00", "a\\x00b", "\\x1b[2J"):
            for do in (env.note, env.run, env.read):
                try:
                    do(text)
                except Exception as error:
                    env.note(type(error).__name__)
        env.run("printf '\\\\xff\\\\xfe\\\\x80'; cd /logs/agent; mkdir $'\\\\xff'; touch $'\\\\xff/\\\\xfe'")
        sys.stdout.buffer.write(b"\\xff\\xfe\\x80" * 1000)
        env.write("/app/odd", bytes(range(256)))
        """,
        top="import sys",
    ),
}  # fmt: skip
"""In the agent's own container."""
THERE: dict[str, str] = {
    "fork bomb": trying(f"timeout 5 {FORKS}", "true"),
    "memory bomb": trying("python3 -c 'x = bytearray(10 ** 9)'", "head -c 400M /dev/zero | tail"),
    "sparse files": trying(
        "for n in $(seq 50); do truncate -s 50M /app/s$n /logs/artifacts/s$n; done"
    ),
    "files": trying(
        "mkdir /app/n; cd /app/n; python3 -c 'for n in range(30000): open(str(n), \"w\").close()'",
        "cd /logs/artifacts; python3 -c 'for n in range(5000): open(str(n), \"w\").close()'",
    ),
    "output": shell(
        "yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | head -c 400M; yes y | head -c 100M >&2; true",
        "head -c 50M /dev/urandom; true",
    ),
    "sockets": trying(
        "python3 -c 'import socket\nheld = []\nfor n in range(20000): held.append(socket.socket())'"
    ),
}
"""In the task's container."""
DISK = trying(
    "for n in $(seq 20); do head -c 10M /dev/zero > /app/$n || break; done; du -s /app",
    "for n in $(seq 20); do head -c 10M /dev/zero > /logs/agent/$n || break; done; sleep 30",
)
LASTING: dict[str, str] = {
    "SIGTERM ignored": solving(
        f"""
        env.run("trap '' TERM HUP INT; exec -a {MARK} python3 -c 'import signal, time\\n"
                "for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\\n"
                "while True: time.sleep(0.2); open(\\"/app/late\\", \\"w\\")'", timeout_s=1)
        env.run("rm -f /app/late")
        """
    ),
    "detached children": shell(
        f"for n in 1 2 3; do (setsid nohup bash -c 'exec -a {MARK} sleep 1000' >/dev/null 2>&1 &);"
        " done; (setsid nohup bash -c 'while :; do sleep 0.2; touch /app/late; done' >/dev/null"
        " 2>&1 &); sleep 0.1; rm -f /app/late"
    ),
    "commands that go on": solving(
        f"""
        def go_on():
            env.run("exec -a {MARK} sleep 1000")
        for _ in range(4):
            threading.Thread(target=go_on, daemon=True).start()
        time.sleep(1)
        """,
        top="import threading, time",
    ),
}
TIMES: dict[str, tuple[str, str]] = {
    "CPU spin": ("def solve(instruction, env, model):\n    while True:\n        pass\n", OVER),
    "a command without end": (
        "def solve(instruction, env, model):\n    env.run('while :; do :; done')\n",
        OVER,
    ),
    "signals ignored": (
        "import signal, time\n\ndef solve(instruction, env, model):\n"
        "    for number in range(1, 65):\n        try:\n"
        "            signal.signal(number, signal.SIG_IGN)\n        except (OSError, ValueError):\n"
        "            pass\n    while True:\n        time.sleep(1)\n",
        OVER,
    ),
    "children of its own": (
        "import os, time\n\ndef solve(instruction, env, model):\n    for _ in range(9):\n"
        "        if os.fork() == 0:\n            os.setsid()\n            while True:\n"
        "                pass\n    while True:\n        time.sleep(1)\n",
        OVER,
    ),
}
EVENTS = solving(
    """
    for _ in range(12_000):
        env.note("")
    """
)
MEMORY = (
    "def solve(instruction, env, model):\n    env.note('begun')\n    held = []\n    while True:\n"
    "        held.append(bytearray(10 ** 8))\n"
)

FLOODS: tuple[Attack, ...] = (
    *(
        Attack(
            number=26,
            channel=f"{channel}, agent's container",
            play=Raid(agent=agent, bait=SMALL, gain=left_behind),
        )
        for channel, agent in HERE.items()
    ),
    Attack(
        number=26,
        channel="many events, agent's container",
        play=Raid(
            agent=EVENTS, bait=SMALL, proof="the trace of this trial is full", gain=left_behind
        ),
    ),
    Attack(
        number=26,
        channel="memory bomb, agent's container",
        play=Raid(agent=MEMORY, bait=SMALL, proof=DIED, gain=left_behind),
    ),
    *(
        Attack(
            number=26,
            channel=f"{channel}, task's container",
            play=Raid(agent=agent, bait=SMALL, gain=left_behind),
        )
        for channel, agent in THERE.items()
    ),
    Attack(
        number=26,
        channel="disk, task's container",
        play=Raid(agent=DISK, bait=SMALL, proof="DiskQuotaError", gain=left_behind),
        rules=("disk-quota",),
    ),
    *(
        Attack(
            number=26,
            channel=channel,
            play=Raid(agent=agent, bait=SHORT, proof=proof, gain=in_time),
        )
        for channel, (agent, proof) in TIMES.items()
    ),
    *(
        Attack(
            number=27,
            channel=channel,
            play=Raid(agent=agent, bait=WATCHED, gain=in_time),
            places=BOTH,
        )
        for channel, agent in LASTING.items()
    ),
)
