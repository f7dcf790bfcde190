"""The hints that the stand-in takes from a harness's words."""

import pytest

from autoloop.gateway.offline.cues import Cues, read_cues


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("Restate every requirement before you start.", Cues(restates=True)),
        ("Write down all details of the task.", Cues(restates=True)),
        ("Long output may be truncated.", Cues(minds_cuts=True)),
        ("Beware of cut output.", Cues(minds_cuts=True)),
        ("Double-check the result.", Cues(checks=True)),
        ("Test your answer, then stop.", Cues(checks=True)),
        ("Trust your first result; do not check it.", Cues()),
        ("When a command fails, try another way.", Cues(persists=True)),
        ("Never give up.", Cues(persists=True)),
        ("Inspect the input files first.", Cues(looks=True)),
        ("Before you write anything, read the data.", Cues(looks=True)),
        ("Verify the result. Be quick.", Cues(hurries=True)),
        ("You are an excellent and careful engineer.", Cues()),
        ("", Cues()),
    ],
)
def test_a_hint_is_taken_and_other_words_are_not(text: str, cues: Cues) -> None:
    assert read_cues(text) == cues
