"""Threads that are used again."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from autoloop.gateway.threads import Threads


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.close()


def names(threads: Threads, *works: Callable[[], object]) -> list[int | None]:
    """Which thread did each of these works, all begun at once."""

    async def one(work: Callable[[], object]) -> int | None:
        def body() -> int | None:
            work()
            return threading.current_thread().ident

        return await threads.do(body)

    async def all_of_them() -> list[int | None]:
        return await asyncio.gather(*(one(work) for work in works))

    return asyncio.run(all_of_them())


def test_work_after_work_is_done_by_one_thread(threads: Threads) -> None:
    done = [names(threads, bool) for _ in range(20)]

    # One that has just delivered may not wait again yet when the next work comes.
    assert len({name for (name,) in done}) < 10


def test_work_at_once_is_done_by_as_many_threads(threads: Threads) -> None:
    together = threading.Barrier(12)

    done = names(threads, *[together.wait] * 12)

    assert len(set(done)) == 12


def test_a_thread_ends_when_it_has_waited_long_enough() -> None:
    threads = Threads(kept_s=0.0)
    seen: list[threading.Thread] = []

    names(threads, lambda: seen.append(threading.current_thread()))
    seen[0].join(10)

    assert not seen[0].is_alive()
    assert names(threads, bool)


def test_threads_that_wait_end_with_the_gateway() -> None:
    threads = Threads()
    seen: list[threading.Thread] = []
    names(threads, *[lambda: seen.append(threading.current_thread())] * 3)

    while any(thread.is_alive() for thread in seen):
        threads.close()
        seen[0].join(0.01)

    assert names(threads, bool)
