"""The Bayesian keep rule: what is believed of tasks and edits, and what a trial would teach."""

from autoloop.decision.bayes.rule import BayesRule

__all__ = ["BayesRule"]
