"""The model that answers while attacks are played: it costs nothing and knows nothing."""

from autoloop.records import ChatReply, ChatRequest, Message, Usage


class Bystander:
    """A `ChatModel` that says the same to everybody."""

    name = "bystander"

    def complete(self, request: ChatRequest) -> ChatReply:
        """Say nothing of use."""
        words = sum(len(message.content.split()) for message in request.messages)
        usage = Usage(calls=1, prompt_tokens=words, completion_tokens=5)
        said = Message(role="assistant", content="I know nothing at all.")
        return ChatReply(message=said, stop_reason="stop", model=self.name, usage=usage)
