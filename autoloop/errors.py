"""One tree of errors with three branches, by whose fault it is.

The loop's reaction depends on the branch alone: a `UserError` ends the command with a sentence, an
`AgentError` is the candidate's own failure (the trial scores 0), an `InfraError` says nothing about
the candidate (the trial is invalid and is run again).
"""


class AutoloopError(Exception):
    """Base of every error that autoloop raises on purpose; its text is a sentence for a person."""

    charged: object = None
    """What a model's provider counted before the failure; `records.charged` reads it."""


class InterruptError(AutoloopError):
    """Ctrl-C was pressed twice: everything was ended at once; what is recorded can be resumed."""


class UserError(AutoloopError):
    """The person can repair it: the message names thing, value and what to write instead."""


class SettingsError(UserError):
    """A setting in program.md or on the command line has a name or value that cannot work."""


class TaskError(UserError):
    """A task folder cannot be used; the message names the folder, the file, the key and why."""


class ProjectError(UserError):
    """The project folder or its git repository is not in a state that a run can start from."""


class RunError(UserError):
    """A run is unknown, finished, damaged, or in use by another process."""


class ModelError(UserError):
    """The model provider refuses for a reason only the person can mend: key, name, account."""


class AgentError(AutoloopError):
    """agent.py is at fault; the trial counts, with a score of 0."""


class CandidateError(AgentError):
    """An edit cannot be evaluated at all: it does not parse or does not define `solve`."""


class QuotaError(AgentError):
    """A trial asked for more calls, tokens or money than it was given."""


class DiskQuotaError(AgentError):
    """More was written in a task's container than its share of the disk."""


class InfraError(AutoloopError):
    """The machine is at fault: engine, disk, network or provider; the work may be tried again."""


class EngineError(InfraError):
    """The container engine does not answer or refused an operation."""


class ImageError(InfraError):
    """An image could not be built or found."""


class ProviderError(InfraError):
    """A model provider failed in a way that may pass: overload, timeout, broken answer."""


class StorageError(InfraError):
    """The disk or the database refused a write; nothing that was recorded before is lost."""
