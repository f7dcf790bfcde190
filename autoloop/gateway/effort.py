"""A model that is told how much to think."""

from dataclasses import replace

from autoloop.ports import ChatModel
from autoloop.records import ChatReply, ChatRequest, Effort


class EffortModel:
    """A `ChatModel` whose requests ask for an effort where they name none themselves."""

    def __init__(self, model: ChatModel, effort: Effort) -> None:
        self._model = model
        self._effort: Effort = effort

    @property
    def name(self) -> str:
        """The name of the model behind it."""
        return self._model.name

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait, as `ChatModel.complete`."""
        return self._model.complete(replace(request, effort=request.effort or self._effort))
