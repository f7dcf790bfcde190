from pathlib import Path

import pytest

from autoloop.tasks import format as table_format
from autoloop.tasks.format import Table

DOCS = Path(__file__).parents[2] / "docs" / "tasks.md"
KEYS = {
    key
    for model in vars(table_format).values()
    if isinstance(model, type) and issubclass(model, Table)
    for key in model.model_fields
}


@pytest.mark.parametrize("key", sorted(KEYS - {"tpu", "ios", "authors", "email"}))
def test_every_key_is_in_the_docs(key: str) -> None:
    text = DOCS.read_text("utf-8")

    named = (f"`{key}`", f"`{key} =", f"[{key}]", f"[steps.{key}]", f"[environment.{key}]")

    assert any(form in text for form in (*named, f".{key}]"))
