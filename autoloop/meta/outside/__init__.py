"""A coding agent of somebody else's in the place of the meta-agent, in a container of its own."""

from autoloop.meta.outside.program import PRESETS, OutsideProgram, preset_or
from autoloop.meta.outside.proposer import OutsideProposer

__all__ = ["PRESETS", "OutsideProgram", "OutsideProposer", "preset_or"]
