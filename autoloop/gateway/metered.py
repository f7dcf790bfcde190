"""The meta-agent's door to a model: the same upstreams, under its own meter."""

import threading

from autoloop.errors import AutoloopError
from autoloop.ports import ChatModel
from autoloop.records import ChatReply, ChatRequest, Usage, charged


class MeteredModel:
    """A `ChatModel` that adds up what its calls consume. Any thread may call it."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._usage = Usage()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The name of the model behind it."""
        return self._model.name

    @property
    def usage(self) -> Usage:
        """What all calls so far consumed; a failed one counts what its provider counted."""
        return self._usage

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait, as `ChatModel.complete`."""
        try:
            reply = self._model.complete(request)
        except AutoloopError as error:
            self._add(charged(error))
            raise
        self._add(reply.usage)
        return reply

    def _add(self, usage: Usage) -> None:
        with self._lock:
            self._usage += usage
