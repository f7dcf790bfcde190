"""Which processes run in a container, as the engine sees them from outside."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from docker.api.client import APIClient

from autoloop.sandbox.execution import run_script

ROUNDS = 8
CLEAR_LOOKS = 4
"""Looks one after the other, each after a kill, that must find nobody once somebody was found."""
START_ROUNDS = 200
START_PAUSE_S = 0.02

# Keeps the $1 oldest processes and itself: what was there at `mark` is older than all that came
# later. The rest is stopped before it is killed, since what still runs could fork meanwhile. Only
# what every sh has built in. A process name may hold newlines and parentheses, hence the loop over
# lines and the cut at the last parenthesis.
KILL_NEWER = r"""
keep="$1"
start_of() {
  line=
  while IFS= read -r part || [ -n "$part" ]; do line="$line $part"; done < "/proc/$1/stat"
  set -- ${line##*)}
  [ $# -ge 20 ] || return 1
  shift 19
  start="$1"
}
limit=-1
while [ "$keep" -gt 0 ]; do
  next=
  for folder in /proc/[0-9]*; do
    pid="${folder#/proc/}"
    [ "$pid" = "$$" ] && continue
    start_of "$pid" || continue
    [ "$start" -gt "$limit" ] || continue
    if [ -z "$next" ] || [ "$start" -lt "$next" ]; then next="$start"; same=0; fi
    [ "$start" = "$next" ] && same=$((same + 1))
  done
  [ -n "$next" ] || break
  limit="$next"
  keep=$((keep - same))
done 2>/dev/null
for signal in STOP STOP KILL KILL; do
  for folder in /proc/[0-9]*; do
    pid="${folder#/proc/}"
    [ "$pid" = "$$" ] && continue
    start_of "$pid" && [ "$start" -gt "$limit" ] && kill "-$signal" "$pid"
  done
done 2>/dev/null
"""


AGE_SLACK_S = 1.0
"""The engine tells ages in whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Process:
    """A process of a container; its start makes up for a pid that is used again."""

    pid: str
    earliest: float
    """When it can have started, on our monotonic clock: not before this,"""
    latest: float
    """and not after this. On a busy machine the engine takes seconds to answer."""

    def is_same(self, other: "Process") -> bool:
        """Whether both readings are of one process."""
        overlap = self.earliest <= other.latest and other.earliest <= self.latest
        return self.pid == other.pid and overlap


def running(api: APIClient, container: str) -> frozenset[Process]:
    """Every process of the container, read on the engine's side.

    Nothing inside the container can hide from this or lie about it.

    Raises:
        docker.errors.APIError: the container is not running.
    """
    asked = time.monotonic()
    listed = api.top(container, "-eo pid,etimes")
    answered = time.monotonic()
    return frozenset(
        Process(
            pid=pid,
            earliest=asked - float(age) - AGE_SLACK_S,
            latest=answered - float(age) + AGE_SLACK_S,
        )
        for pid, age, *_ in listed["Processes"] or []
    )


def settled(
    api: APIClient, container: str, *, sleep: Callable[[float], None] = time.sleep
) -> frozenset[Process]:
    """The processes of a container that has just started: init and, a moment later, its command.

    Raises:
        docker.errors.APIError: the container is not running.
    """
    present = running(api, container)
    for _ in range(START_ROUNDS):
        if len(present) > 1:
            break
        sleep(START_PAUSE_S)
        present = running(api, container)
    return present


def end_all_but(
    api: APIClient,
    container: str,
    known: frozenset[Process],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> frozenset[Process]:
    """End every process that is not among `known`; returns those that could not be ended."""
    strangers, kept = _sorted_out(running(api, container), known)
    # One that forks and ends all the time can be missed by a look, but hardly by several.
    left, clear = strangers, 0
    for round_ in range(ROUNDS + CLEAR_LOOKS):
        if not left or clear == CLEAR_LOOKS:
            break
        run_script(api, container, KILL_NEWER, argument=str(len(kept)))
        # The killed may take a moment to vanish, longer on a busy machine.
        sleep(0.02 * round_)
        strangers, kept = _sorted_out(running(api, container), known)
        left, clear = (strangers, 0) if strangers else (left, clear + 1)
    return left if clear < CLEAR_LOOKS else frozenset()


def _sorted_out(
    present: frozenset[Process], known: frozenset[Process]
) -> tuple[frozenset[Process], frozenset[Process]]:
    """Those of the present that are new, and those that were known."""
    kept = frozenset(p for p in present if any(p.is_same(k) for k in known))
    return present - kept, kept
