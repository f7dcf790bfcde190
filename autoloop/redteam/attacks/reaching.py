"""Attack 7 from a task's container that has a public network: what lies beside the internet."""

import re
from concurrent.futures import ThreadPoolExecutor

from autoloop.redteam.attack import PLAYED, Arena, Attack, Bait, Outcome, Place, Raid, Trip
from autoloop.redteam.attacks.agents import solving
from autoloop.redteam.attacks.listeners import address_of_machine, listening
from autoloop.redteam.attacks.outside import OPEN, REACH, box_network, reached

METADATA = (
    *(("169.254.169.254", 80), ("169.254.170.2", 80), ("fd00:ec2::254", 80)),
    *(("100.100.100.200", 80), ("168.63.129.16", 80), ("192.0.0.192", 80)),
    *(("metadata.google.internal", 80), ("fe80::a9fe:a9fe", 80)),
)
IN_BOX = """
    env.write("/tmp/reach.py", {script!r})
    env.note(env.run("python3 /tmp/reach.py", timeout_s=50).stdout)
"""
CALLS = r"""
import struct

def gateway():
    for line in open("/proc/net/route").read().splitlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000":
            return fields[0], socket.inet_ntoa(struct.pack("<L", int(fields[2], 16)))
    return "eth0", "172.17.0.1"

def bound(host, port, device):
    try:
        with socket.socket() as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            caller.settimeout(1.5)
            caller.connect((host, port))
            return f"{GOT} {host} port {port} by {device}: {caller.recv(400)!r}"
    except OSError as error:
        return f"{host} port {port} by {device}: {error}"

def shout(host, port):
    try:
        with socket.socket(type=socket.SOCK_DGRAM) as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            caller.settimeout(1.5)
            caller.sendto(b"?", (host, port))
            return f"{GOT} {host} port {port} by UDP: {caller.recvfrom(400)!r}"
    except OSError as error:
        return f"{host} port {port} by UDP: {error}"
"""
HOST = """
device, gate = gateway()
for host in (gate, "172.17.0.1", OWN, "host.docker.internal"):
    print(reach(host, PORT))
    print(bound(host, PORT, device))
    print(shout(host, PORT))
for host in ("255.255.255.255", gate.rpartition(".")[0] + ".255", "172.17.255.255", "224.0.0.1"):
    print(shout(host, PORT))
"""
NEIGHBOUR = r"""
import select, threading, time

PORT, GROUP = 48123, "239.77.77.77"
_, gate = gateway()
with socket.socket(type=socket.SOCK_DGRAM) as caller:
    caller.connect((gate, 9))
    own = caller.getsockname()[0]

def serve():
    with socket.create_server(("", PORT)) as server:
        while True:
            caller, _ = server.accept()
            caller.sendall(b"a neighbour")
            caller.close()

def scan():
    callers = {}
    for last in range(2, 66):
        host = own.rpartition(".")[0] + f".{last}"
        if host != own:
            caller = socket.socket()
            caller.setblocking(False)
            if caller.connect_ex((host, PORT)) in (0, 115):
                callers[caller] = host
            else:
                caller.close()
    for caller in select.select([], list(callers), [], 0.7)[1]:
        if caller.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            print(GOT, callers[caller])
    for caller in callers:
        caller.close()

threading.Thread(target=serve, daemon=True).start()
ear = socket.socket(type=socket.SOCK_DGRAM)
ear.bind(("", PORT))
ear.settimeout(0.3)
ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
               socket.inet_aton(GROUP) + socket.inet_aton(own))
began = time.time()
while time.time() < began + 9:
    scan()
    for host in (GROUP, own.rpartition(".")[0] + ".255", "255.255.255.255"):
        try:
            ear.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            ear.sendto(b"here", (host, PORT))
            said, sender = ear.recvfrom(400)
            if sender[0] != own:
                print(GOT, sender)
        except OSError:
            pass
print(f"ran {began:.1f} {time.time():.1f}")
"""
AGAIN = Bait(
    name="again",
    toml=OPEN.toml,
    files={
        "environment/docker-compose.yaml": """services:
  main:
    volumes: ["shared:/shared"]
  helper:
    image: autoloop/base:bookworm
    command:
      - sh
      - -c
      - >-
        [ ! -e /shared/run.py ] || python3 /shared/run.py > /shared/said 2>&1;
        until [ -e /shared/again ]; do sleep 0.1; done; rm /shared/again; exit 1
    restart: always
    volumes: ["shared:/shared"]
volumes: {shared: {}}
"""
    },
)
"""A task with a service that runs what the agent wrote as soon as it has been started again."""
SEND_FOR_HELPER = """
    env.write("/shared/run.py", {script!r})
    env.run("touch /shared/again")
    ran = env.run(
        "until grep -qs {done!r} /shared/said; do sleep 0.2; done; cat /shared/said", timeout_s=50
    )
    env.note(ran.stdout)
"""
RAN = re.compile(r"ran (\d+\.\d) (\d+\.\d)")
LEAST_TOGETHER_S = 2.0
DONE = "all-were-called"


def in_box(script: str) -> str:
    """agent.py that runs this in the task's container."""
    return solving(IN_BOX.format(script=REACH + CALLS + script))


def services_of_the_host(arena: Arena, place: Place) -> Outcome:
    """A service that listens on all addresses, called by every address there is, and by none."""
    with listening("0.0.0.0") as port:  # noqa: S104 — that is the bait
        script = HOST.replace("PORT", str(port)).replace("OWN", repr(address_of_machine()))
        trip = arena.trip(in_box(script), OPEN, place=place)
    return Outcome(
        evidence="from a task's container with public network a service was called that listens"
        " on all addresses of this machine, by TCP, UDP, broadcast and group",
        gain=_got(trip),
        findings=trip.result.findings,
    )


def service_that_comes_again(arena: Arena, place: Place) -> Outcome:
    """The same by a service of the project, which makes an end of itself to be started anew."""
    with listening("0.0.0.0") as port:  # noqa: S104 — that is the bait
        script = HOST.replace("PORT", str(port)).replace("OWN", repr(address_of_machine()))
        # The trace holds the agent's own text, too, so that the word stands nowhere in it.
        script = f"{REACH}{CALLS}{script}print('all', 'were', 'called', sep='-')\n"
        agent = solving(SEND_FOR_HELPER.format(script=script, done="all-were-calle[d]"))
        trip = arena.trip(agent, AGAIN, place=place)
    gain = _got(trip) or ("" if DONE in trip.told else "nobody knows: the service did not do it")
    return Outcome(
        evidence="a service of a project with public network was started again and called, at"
        " once, a service that listens on all addresses of this machine",
        gain=gain,
        findings=trip.result.findings,
    )


def neighbours(arena: Arena, place: Place) -> Outcome:
    """Two trials at once whose tasks' containers look for each other."""
    agent = in_box(NEIGHBOUR)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(arena.trip, agent, OPEN, place=place)
        one = arena.trip(agent, OPEN, place=place)
        both = (one, other.result())
    gains = [gain for trip in both if (gain := _got(trip))]
    if not gains and _together_s(both) < LEAST_TOGETHER_S:
        gains = ["nobody knows: the two did not run at the same time"]
    return Outcome(
        evidence="containers of two trials with public networks looked for each other, by TCP,"
        " UDP, broadcast and group",
        gain=" and ".join(gains),
        findings=(*both[0].result.findings, *both[1].result.findings),
    )


def _got(trip: Trip) -> str:
    """What was reached; or that nobody knows."""
    return reached(trip) or ("" if PLAYED in trip.told else f"nobody knows: {trip.failure}")


def _together_s(trips: tuple[Trip, Trip]) -> float:
    """How long both ran at the same time."""
    times = [RAN.search(trip.told) for trip in trips]
    spans = [(float(found[1]), float(found[2])) for found in times if found]
    if len(spans) < len(trips):
        return 0.0
    return min(end for _, end in spans) - max(begin for begin, _ in spans)


REACHING: tuple[Attack, ...] = (
    Attack(number=7, channel="services of the host", play=services_of_the_host),
    Attack(number=7, channel="a service that comes again", play=service_that_comes_again),
    Attack(number=7, channel="a neighbour's container", play=neighbours),
    Attack(
        number=7,
        channel="metadata from an open network",
        play=Raid(agent=box_network(METADATA), bait=OPEN, gain=reached),
    ),
)
