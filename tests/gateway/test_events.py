"""Server-sent events, cut into pieces wherever a network may cut them."""

import pytest

from autoloop.gateway.wire.events import read_events

STREAM = (
    b': a remark\n\nevent: message\r\ndata: {"a": 1}\r\n\r\n'
    b'data:{"b":\ndata: "\xc3\xbc"}\nid: 7\n\ndata: [1]\n\ndata: [DONE]\n\ndata: {"late": 1}\n\n'
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_events_are_read_in_pieces_of_any_size(size: int) -> None:
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]

    assert list(read_events(pieces)) == [{"a": 1}, {"b": "ü"}]


def test_an_event_that_the_end_cuts_off_is_none() -> None:
    assert list(read_events([b'data: {"a": 1}\n\ndata: {"b": 2}\n'])) == [{"a": 1}]


def test_what_is_no_json_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected"):
        list(read_events([b"data: <html>\n\n"]))
