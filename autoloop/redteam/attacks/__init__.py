"""All attacks, by number."""

from autoloop.redteam.attack import Attack
from autoloop.redteam.attacks.archives import ARCHIVES
from autoloop.redteam.attacks.bent import BENT
from autoloop.redteam.attacks.copied import COPIED
from autoloop.redteam.attacks.crashing import CRASHING
from autoloop.redteam.attacks.floods import FLOODS
from autoloop.redteam.attacks.hidden import HIDDEN
from autoloop.redteam.attacks.keys import KEYS
from autoloop.redteam.attacks.languages import LANGUAGE_ATTACKS
from autoloop.redteam.attacks.lasting import LASTING
from autoloop.redteam.attacks.leftovers import LEFTOVERS
from autoloop.redteam.attacks.lucky import LUCKY
from autoloop.redteam.attacks.outside import OUTSIDE
from autoloop.redteam.attacks.planted import PLANTED
from autoloop.redteam.attacks.prying import PRYING
from autoloop.redteam.attacks.reaching import REACHING
from autoloop.redteam.attacks.readers import READERS
from autoloop.redteam.attacks.replaced import PROGRAM_ATTACKS
from autoloop.redteam.attacks.repository import REPOSITORY
from autoloop.redteam.attacks.spending import SPENDING
from autoloop.redteam.attacks.tested import TESTED
from autoloop.redteam.attacks.tooled import TOOL_ATTACKS

ATTACKS: tuple[Attack, ...] = (
    *(*HIDDEN, *OUTSIDE, *REACHING, *PRYING),
    *(*PLANTED, *PROGRAM_ATTACKS, *TOOL_ATTACKS, *LANGUAGE_ATTACKS),
    *(*LASTING, *BENT, *CRASHING, *TESTED),
    *(*COPIED, *LUCKY, *SPENDING, *FLOODS),
    *(*ARCHIVES, *READERS, *REPOSITORY, *LEFTOVERS, *KEYS),
)

__all__ = ["ATTACKS"]
