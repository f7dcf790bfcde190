"""How much a model can read at once, where the price table knows it."""

import litellm


def context_tokens(name: str) -> int | None:
    """Most tokens of a prompt; None where nobody knows."""
    try:
        found = litellm.get_model_info(name).get("max_input_tokens")
    except (litellm.exceptions.ModelNotMappedError, litellm.exceptions.BadRequestError):
        return None
    return found or None
