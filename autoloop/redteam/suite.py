"""Plays attacks, several at once, and says afterwards whether everything still works."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from autoloop.errors import EngineError
from autoloop.records import AttackReport, AttackRow
from autoloop.redteam.attack import Attack, Place, Raid
from autoloop.redteam.ground import Ground, is_full
from autoloop.redteam.judging import judge_outcome, judge_trip

PLACES: tuple[Place, ...] = ("fresh", "shared")
Told = Callable[[AttackRow], None]


def play(attack: Attack, place: Place, ground: Ground) -> AttackRow:
    """Play one attack and judge it."""
    if isinstance(attack.play, Raid):
        trip = ground.trip(attack.play.agent, attack.play.bait, place=place)
        return judge_trip(attack, attack.play, place, trip, seen=ground.seen)
    return judge_outcome(attack, place, attack.play(ground, place))


def play_all(
    attacks: Sequence[Attack], ground: Ground, *, tell: Told, at_once: int
) -> AttackReport:
    """Play them in all their places, `at_once` at a time; `tell` is told of each as it ends.

    Raises:
        EngineError: not even an honest trial works here.
    """
    require_honest(ground)
    rows: list[AttackRow] = []
    with ThreadPoolExecutor(at_once, thread_name_prefix="attack") as pool:
        # Scenes take longest, so they begin first.
        plays = sorted(_plays(attacks), key=lambda one: isinstance(one[0].play, Raid))
        futures = [pool.submit(play, attack, place, ground) for attack, place in plays]
        try:
            for done in as_completed(futures):
                rows.append(done.result())
                tell(rows[-1])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    rows.sort(key=lambda row: (row.number, row.place, row.channel))
    said, sound = after(ground)
    return AttackReport(rows=tuple(rows), afterwards=said, sound=sound)


def require_honest(ground: Ground) -> None:
    """Refuse to say anything about attacks where honest work fails.

    Raises:
        EngineError: a task's own solution does not score 1.
    """
    for place in PLACES:
        result = ground.honest(place)
        if not is_full(result):
            why = result.failure.message if result.failure else f"it scored {result.reward:g}"
            raise EngineError(f"An honest trial fails here before any attack is played: {why}")


def after(ground: Ground) -> tuple[str, bool]:
    """Whether honest trials still work, and every trial can be read back; in words, too."""
    honest = all(is_full(ground.honest(place)) for place in PLACES)
    trials = ground.trials()
    read = bool(trials) and all((ground.folder / trial.folder).is_dir() for trial in trials)
    words = "An honest trial still scores 1" if honest else "An honest trial fails now"
    rest = "can all be read" if read else "cannot all be read"
    return f"{words}; the {len(trials)} trials that are recorded {rest}.", honest and read


def _plays(attacks: Sequence[Attack]) -> Iterator[tuple[Attack, Place]]:
    for attack in attacks:
        for place in attack.places:
            yield attack, place
