"""Where steps stand in a document, however it is laid out."""

import json

import pytest

from autoloop.traces.spans import step_spans
from tests.traces.builders import document, step

HOSTILE = '}\n  }\n ]\n  {\n"]}\\" \\\\" é \u2028 {"steps": [{}]}'


def cut_out(text: str) -> list[object]:
    data = text.encode()
    spans = step_spans(data)
    pairs = zip(spans[::2], spans[1::2], strict=True)
    return [json.loads(data[start:end]) for start, end in pairs]


@pytest.mark.parametrize("indent", [None, 0, 1, 2, 4])
def test_steps_are_found_in_every_layout(indent: int | None) -> None:
    text = document(3, indent=indent, output=HOSTILE)

    assert cut_out(text) == [step(number, output=HOSTILE) for number in (1, 2, 3)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("where", ["before", "after"])
def test_other_lists_are_no_steps(indent: int | None, where: str) -> None:
    other, own = {"others": [{"a": [{"b": 1}]}]}, {"steps": [{"step_id": 1}]}
    whole = {**other, **own} if where == "before" else {**own, **other}

    assert cut_out(json.dumps(whole, indent=indent)) == [{"step_id": 1}]


@pytest.mark.parametrize("text", ["{}", '{"steps": []}', '{\n "steps": []\n}', "[[[{}]]]"])
def test_a_document_may_have_no_steps(text: str) -> None:
    assert cut_out(text) == []


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_document_that_was_cut_off_is_refused(indent: int | None, share: float) -> None:
    text = document(4, indent=indent)

    with pytest.raises(ValueError, match=r"left open|no end"):
        cut_out(text[: int(len(text) * share)])
