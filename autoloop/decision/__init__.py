"""When to keep an edit, and how sure a score is: pure functions of recorded trials."""

from autoloop.decision.bayes import BayesRule
from autoloop.decision.estimates import Estimates
from autoloop.decision.guarded import Answer, ladder, thresholdout
from autoloop.decision.paired import PairedRule
from autoloop.decision.passed import PassedRule
from autoloop.decision.power import Needed, Noise, noise_band, noise_of
from autoloop.decision.rules import RULES, rule_by_name

__all__ = [
    "RULES",
    "Answer",
    "BayesRule",
    "Estimates",
    "Needed",
    "Noise",
    "PairedRule",
    "PassedRule",
    "ladder",
    "noise_band",
    "noise_of",
    "rule_by_name",
    "thresholdout",
]
