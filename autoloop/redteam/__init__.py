"""Attacks on autoloop, played for real: hostile agents, tasks and meta-agents, and their judge.

An attack is one `Attack` in a file of `autoloop/redteam/attacks/`, listed in `ATTACKS` there:

1. Take its `number` from `threats.py` and say in `channel` which way it goes.
2. Its `play` is either a `Raid` or a function.

   A `Raid` is one trial: the text of a hostile agent.py, and a `Bait`, the task that it attacks.
   `shell`, `trying` and `solving` in `attacks/agents.py` put agents together from commands or from
   the body of `solve`; they note `PLAYED` at their end, without which an attack counts as gained,
   since nobody knows what it would have got. An agent that dies of its attack has another `proof`:
   words of its failure. In all files of a bait `{answer}` and `{solution}` stand for this play's
   secrets; the word in `tests/answer.txt` is the one that solves the task. `fair` is what the task
   gives to anybody, where that is more than doing nothing gives; `gain` looks for a gain of another
   kind in what the trial left.

   A function takes an `Arena` and a place, runs what trials or climbs it likes, and returns an
   `Outcome` with its findings, and the gain in words where there is one.
3. `rules` are the findings that must be recorded; without any, nothing may be suspicious, since
   nothing of it works.
4. `places` are the ways of verification it is played in. Where they differ in `rules`, list it
   twice.

It is judged in `judging.py`: *gained* if it scored more than is fair, saw a secret, made a trial
invalid, went unseen where a finding is due, or was not played to its end; else *detected* with
findings and *impossible* without. `tests/attacks` runs every attack that is listed.
"""

from autoloop.redteam.attack import Arena, Attack, Bait, Outcome, Raid, Trip
from autoloop.redteam.attacks import ATTACKS
from autoloop.redteam.ground import Ground
from autoloop.redteam.model import Bystander
from autoloop.redteam.secrets import Secrets
from autoloop.redteam.suite import play, play_all

__all__ = [
    "ATTACKS",
    "Arena",
    "Attack",
    "Bait",
    "Bystander",
    "Ground",
    "Outcome",
    "Raid",
    "Secrets",
    "Trip",
    "play",
    "play_all",
]
