"""Opens the traces of trials, and remembers where things stand in those that were opened last."""

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from pydantic import BaseModel

from autoloop.ports import Trace, transcript
from autoloop.records import TraceEntry
from autoloop.traces.files import JoinedTrace, Read, TraceFile, read_bytes

TRAJECTORY = Path("agent") / "trajectory.json"
REMEMBERED = 256
"""Traces whose offsets are kept: some 20 bytes for each entry."""


class _Step(BaseModel):
    step_name: str


class _Result(BaseModel):
    step_results: list[_Step] | None = None


class TraceLibrary:
    """The traces in the folders of trials; may be used from any thread.

    Args:
        remembered: How many traces' offsets are kept, those that were used last.
        read: Reads files.
    """

    def __init__(self, *, remembered: int = REMEMBERED, read: Read = read_bytes) -> None:
        self._remembered = remembered
        self._read = read
        self._lock = Lock()
        self._known: OrderedDict[Path, tuple[object, Trace]] = OrderedDict()

    def open(self, trial_folder: Path) -> Trace:
        """The whole trace of a trial; a sentence instead where the trial left none, or it is gone.

        Raises:
            StorageError: it is damaged.
        """
        places = list(_places(trial_folder))
        state = [_state(place) for _, place in places]
        with self._lock:
            known = self._known.get(trial_folder)
            if known is not None and known[0] == state:
                self._known.move_to_end(trial_folder)
                return known[1]
        trace = self._open(places) if places else _Sentence(_gone(trial_folder))
        with self._lock:
            self._known[trial_folder] = (state, trace)
            while len(self._known) > self._remembered:
                self._known.popitem(last=False)
        return trace

    def _open(self, places: list[tuple[str, Path]]) -> Trace:
        files: list[TraceFile] = []
        first = 1
        for stage, path in places:
            files.append(TraceFile(path, stage=stage, first=first, read=self._read))
            first += len(files[-1])
        return JoinedTrace(files)


def read_transcript(trial_folder: Path) -> str:
    """The whole trace of a trial as text.

    Raises:
        StorageError: it is damaged.
    """
    return transcript(TraceLibrary().open(trial_folder))


class _Sentence:
    """Port `Trace` where there is none."""

    def __init__(self, message: str) -> None:
        self._entry = TraceEntry(number=1, speaker="host", message=message)
        self.sizes = (len(self._entry.shown),)

    def entry(self, number: int) -> TraceEntry:
        """The sentence."""
        if number != 1:
            raise IndexError(number)
        return self._entry


def _places(trial_folder: Path) -> Iterator[tuple[str, Path]]:
    """Name of each step of the task and its trace, in the order in which they were run."""
    if not trial_folder.is_dir():
        return
    folder = trial_folder / "steps"
    if not folder.is_dir():
        yield "", trial_folder / TRAJECTORY
        return
    found = [path.name for path in folder.iterdir()]
    names = [name for name in _order(trial_folder) if name in found] or sorted(found)
    yield from ((name, folder / name / TRAJECTORY) for name in names)


def _order(trial_folder: Path) -> list[str]:
    """The steps as they were run, by the trial's result; none of a trial that has no result yet."""
    try:
        result = _Result.model_validate_json((trial_folder / "result.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return [step.step_name for step in result.step_results or []]


def _state(path: Path) -> tuple[int, int]:
    """What changes when a file is written anew."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _gone(trial_folder: Path) -> str:
    return f"{trial_folder} is gone: it was removed, perhaps with the run that it was of."
