"""What can go wrong between agent.py and the world. An agent may catch these."""


class DoorError(RuntimeError):
    """The world outside the container did not do what was asked; the text says why."""


class QuotaExceeded(DoorError):  # noqa: N818 - reads better where an agent catches it
    """The trial has used its model calls, tokens or money. Finish with what you have."""


class ModelUnavailable(DoorError):  # noqa: N818 - the same
    """The model's provider failed, after retries. Asking again will hardly help."""


class RequestRefused(DoorError):  # noqa: N818 - the same
    """The request itself is wrong: a malformed message, a prompt that is too long."""


class EnvUnavailable(DoorError):  # noqa: N818 - the same
    """The task container does not answer."""
