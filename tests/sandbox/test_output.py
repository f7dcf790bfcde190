"""Frames and excerpts of output."""

import pytest

from autoloop.sandbox.output import Excerpt, Frames


def frame(stream: int, payload: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
def test_frames_are_taken_apart_however_they_are_cut(size: int) -> None:
    sent = frame(1, b"hello ") + frame(2, b"") + frame(2, b"oops") + frame(1, b"world")
    frames, got = Frames(), {1: b"", 2: b""}

    for at in range(0, len(sent), size):
        for stream, piece in frames.feed(sent[at : at + size]):
            got[stream] += bytes(piece)

    assert got == {1: b"hello world", 2: b"oops"}


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_an_excerpt_keeps_head_and_tail_with_a_note_between(piece: int) -> None:
    excerpt, text = Excerpt(20), bytes(range(65, 91)) * 100

    for at in range(0, len(text), piece):
        excerpt.add(text[at : at + piece])

    assert excerpt.text() == "ABCDEFGHIJ\n[... 2,580 bytes cut ...]\nQRSTUVWXYZ"
    assert excerpt.cut_bytes == 2_580


def test_an_excerpt_within_its_limit_is_whole() -> None:
    excerpt = Excerpt(10)

    excerpt.add(b"12345")
    excerpt.add(b"67890")

    assert (excerpt.text(), excerpt.cut_bytes) == ("1234567890", 0)


def test_an_excerpt_of_nothing_keeps_nothing() -> None:
    excerpt = Excerpt(0)

    excerpt.add(b"12345")

    assert excerpt.cut_bytes == 5
