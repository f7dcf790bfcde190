"""Traces that are read piece by piece: what is read, and what is held."""

import gc
import tracemalloc
from pathlib import Path

import pytest

from autoloop.errors import StorageError
from autoloop.meta.pages import Pages
from autoloop.ports import transcript
from autoloop.traces import TraceLibrary
from autoloop.traces.files import read_bytes
from autoloop.traces.library import TRAJECTORY
from tests.traces.builders import document, lay

MEGABYTE = 1_000_000
OUTPUT = "0123456789 " * 90 + "\n[exit code 0, 0.10 s]"
LONG = 1_000
"""Entries of a trace of a megabyte and more."""


class CountingReader:
    """Reads, and remembers how much was asked for."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, path: Path, offset: int, number: int) -> bytes:
        self.bytes += number
        return read_bytes(path, offset, number)


def test_an_entry_is_the_same_wherever_it_is_read_from(tmp_path: Path) -> None:
    trace = TraceLibrary().open(lay(tmp_path, document(4, output="a\x1bb")))

    assert trace.entry(3).text.splitlines() == [
        "--- 3 agent.py",
        "> env.run (env_3)",
        'command: echo "{[3]}" \\ "steps": [',
        "< env_3",
        "a\x1bb",
    ]
    assert list(trace.sizes) == [len(trace.entry(n).shown) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("number", [-1, 0, 5])
def test_an_entry_that_is_not_there_is_an_index_error(tmp_path: Path, number: int) -> None:
    trace = TraceLibrary().open(lay(tmp_path, document(4)))

    with pytest.raises(IndexError):
        trace.entry(number)


def test_a_page_of_a_large_trace_reads_only_itself(tmp_path: Path) -> None:
    folder, reader = lay(tmp_path, document(LONG, output=OUTPUT)), CountingReader()
    assert (folder / TRAJECTORY).stat().st_size > MEGABYTE
    pages = Pages(TraceLibrary(read=reader).open(folder))

    for page in (1, len(pages) // 2, len(pages)):
        reader.bytes = 0
        pages.read(page)

        assert 0 < reader.bytes < 20_000


def test_of_large_traces_offsets_are_held_and_no_more_than_one_entry(tmp_path: Path) -> None:
    text = document(LONG, output=OUTPUT)
    folders = [lay(tmp_path / f"{n}", text) for n in range(4)]
    library = TraceLibrary()
    tracemalloc.start()

    for folder in folders:
        Pages(library.open(folder)).read(50)
    gc.collect()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 4 * 40 * LONG
    assert peak < MEGABYTE / 2


def test_only_the_traces_that_were_used_last_are_remembered(tmp_path: Path) -> None:
    a, b, c = (lay(tmp_path / name, document(2)) for name in "abc")
    library = TraceLibrary(remembered=2)
    first, second = library.open(a), library.open(b)

    library.open(a)
    library.open(c)

    assert library.open(a) is first
    assert library.open(b) is not second


def test_a_trace_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    library = TraceLibrary()
    library.open(lay(tmp_path, document(2)))

    again = library.open(lay(tmp_path, document(3)))

    assert len(again.sizes) == 3


def test_a_trace_that_is_removed_while_it_is_read_says_so(tmp_path: Path) -> None:
    trace = TraceLibrary().open(lay(tmp_path, document(2)))
    (tmp_path / TRAJECTORY).unlink()

    assert "is gone: it was removed while it was read" in trace.entry(1).text


def test_a_trace_that_is_damaged_while_it_is_read_is_named(tmp_path: Path) -> None:
    trace = TraceLibrary().open(lay(tmp_path, document(2)))
    (tmp_path / TRAJECTORY).write_text("x" * 5_000)

    with pytest.raises(StorageError, match=r"trajectory\.json is damaged"):
        trace.entry(1)


@pytest.mark.parametrize("text", ["", "{", '{"steps": [{"source": 1}]}', '{\n "steps": [\n  {\n'])
def test_what_is_no_trace_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(StorageError, match="Restore it or delete the run"):
        TraceLibrary().open(lay(tmp_path, text))


def test_entries_are_numbered_over_all_steps_of_a_task(tmp_path: Path) -> None:
    for name in ("01", "02"):
        lay(tmp_path / "steps" / name, document(2))

    text = transcript(TraceLibrary().open(tmp_path))

    heads = [line for line in text.splitlines() if line.startswith(("---", "==="))]
    assert heads == [
        *("=== step 01", "--- 1 agent.py", "--- 2 agent.py"),
        *("=== step 02", "--- 3 agent.py", "--- 4 agent.py"),
    ]


def test_parts_that_are_no_text_are_counted_out(tmp_path: Path) -> None:
    parts = '[{"type": "text", "text": "Look:"}, {"type": "image", "source": {}}]'
    folder = lay(tmp_path, f'{{"steps": [{{"source": "user", "message": {parts}}}]}}')

    assert TraceLibrary().open(folder).entry(1).message == "Look:\n[a part that is no text]"
