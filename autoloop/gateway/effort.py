"""A model that is told how much to think."""

from dataclasses import replace

from autoloop.ports import ChatModel, PricedModel, Rates
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

    @property
    def rates(self) -> Rates | None:
        """What tokens of the model behind it may cost."""
        return self._model.rates if isinstance(self._model, PricedModel) else None

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait, as `ChatModel.complete`."""
        return self._model.complete(replace(request, effort=request.effort or self._effort))
