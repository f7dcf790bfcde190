"""From a host's name to a connection: resolved here, checked, and connected to as checked."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus

from autoloop.egress.policy import Address, Policy, as_address
from autoloop.egress.refusal import RefusalError
from autoloop.egress.relay import End

Resolve = Callable[[str], Sequence[str]]
"""All addresses of a name; raises OSError when there are none. May block, in a thread."""
MAX_LOOKUPS = 16
_MOST_TRIED = 4
"""Addresses of one name that are tried."""


def system_resolve(name: str) -> Sequence[str]:
    """Ask the resolver of the machine that autoloop runs on."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Dialer:
    """Connects to hosts as far as policies allow; belongs to one event loop."""

    def __init__(self, resolve: Resolve, *, timeout_s: float) -> None:
        self._resolve = resolve
        self._timeout_s = timeout_s
        self._lookups = asyncio.Semaphore(MAX_LOOKUPS)

    async def connect(self, host: str, port: int, *, policy: Policy) -> End:
        """A connection to the host.

        Raises:
            RefusalError: it is not allowed, not known, or does not answer.
        """
        policy.check_host(host)
        literal = as_address(host)
        addresses = [literal] if literal else await self._addresses(host)
        if literal is None:
            for address in addresses:
                policy.check_resolved(host, address)
        return await self._first(f"{host}:{port}", addresses[:_MOST_TRIED], port)

    async def _addresses(self, name: str) -> list[Address]:
        try:
            async with asyncio.timeout(self._timeout_s), self._lookups:
                found = await _in_thread(self._resolve, name)
        except TimeoutError as error:
            raise RefusalError(
                HTTPStatus.GATEWAY_TIMEOUT,
                f"The name {name!r} was not resolved within {self._timeout_s:g} s.",
            ) from error
        except OSError as error:
            raise RefusalError(
                HTTPStatus.BAD_GATEWAY,
                f"The name {name!r} is allowed, but cannot be resolved on the machine that runs"
                f" autoloop: {error.strerror or error}.",
            ) from error
        return [address for text in found if (address := as_address(text)) is not None]

    async def _first(self, told: str, addresses: Sequence[Address], port: int) -> End:
        reason = "it has no address"
        status = HTTPStatus.BAD_GATEWAY
        for address in addresses:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return End(*await asyncio.open_connection(str(address), port))
            except TimeoutError:
                status = HTTPStatus.GATEWAY_TIMEOUT
                reason = f"{address} does not answer within {self._timeout_s:g} s"
            except OSError as error:
                status = HTTPStatus.BAD_GATEWAY
                reason = f"{address}: {error.strerror or error}"
        raise RefusalError(status, f"{told} is allowed, but cannot be reached: {reason}.")


async def _in_thread(resolve: Resolve, name: str) -> Sequence[str]:
    """In a daemon thread: a resolver that hangs must not keep a process that the user ended."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Sequence[str]] = loop.create_future()

    def tell(result: Sequence[str] | OSError) -> None:
        if future.done():
            return
        if isinstance(result, OSError):
            future.set_exception(result)
        else:
            future.set_result(result)

    def work() -> None:
        try:
            result: Sequence[str] | OSError = resolve(name)
        except UnicodeError as error:
            # A label that is too long or empty; the resolver's own complaint about a name.
            result = OSError(str(error))
        except OSError as error:
            result = error
        # The loop may have been closed while the name was looked up: nobody waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result)

    threading.Thread(target=work, name="autoloop-egress-lookup", daemon=True).start()
    return await future
