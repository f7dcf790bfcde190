"""Services of this machine that attackers try to reach."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

ANSWER = b"a service of the host"


@contextmanager
def listening(host: str) -> Iterator[int]:
    """A service that answers everybody, by TCP and by UDP, at a port of its own."""
    over = Event()
    with (
        socket.create_server((host, 0)) as server,
        socket.socket(type=socket.SOCK_DGRAM) as box,
    ):
        port = int(server.getsockname()[1])
        box.bind((host, port))
        serving = ((_accept, server), (_echo, box))
        threads = [
            Thread(target=_serve, args=(answer, end, over), daemon=True) for answer, end in serving
        ]
        for thread in threads:
            thread.start()
        try:
            yield port
        finally:
            over.set()
            for thread in threads:
                thread.join()


def address_of_machine() -> str:
    """The address with which this machine goes to the internet; loopback's where it does not."""
    with socket.socket(type=socket.SOCK_DGRAM) as caller:
        try:
            # Only a route is looked for; nothing is sent.
            caller.connect(("198.51.100.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(caller.getsockname()[0])


def _serve(answer: Callable[[socket.socket], None], end: socket.socket, over: Event) -> None:
    end.settimeout(0.2)
    while not over.is_set():
        with suppress(OSError):
            answer(end)


def _accept(server: socket.socket) -> None:
    caller, _ = server.accept()
    with caller:
        caller.sendall(ANSWER)


def _echo(box: socket.socket) -> None:
    _, caller = box.recvfrom(400)
    box.sendto(ANSWER, caller)
