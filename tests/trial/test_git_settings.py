"""Which settings of git's name programs."""

import pytest

from autoloop.ports import FileChange
from autoloop.trial.git_settings import READ_BYTES, naming_programs
from tests.trial.builders import PaperContainer

PATH = "/app/.git/config"


def naming(text: bytes, *, path: str = PATH, kind: str = "changed") -> frozenset[str]:
    change = FileChange(path=path, kind="removed" if kind == "removed" else "changed")
    return naming_programs(PaperContainer({path: text}), [change])


@pytest.mark.parametrize(
    "text",
    [
        b"[core]\n\tfsmonitor = /app/x",
        b"[core]\nHooksPath=/app/hooks",
        b'[diff "x"]\n  textconv = cat',
        b'[filter "x"]\n\tclean = cat',
        b"[include]\n\tpath = /app/x",
        b"x" * (READ_BYTES + 1),
    ],
)
def test_settings_that_name_programs_or_cannot_be_read_are_told(text: bytes) -> None:
    assert naming(text) == {PATH}


@pytest.mark.parametrize("text", [b"", b"[user]\n\temail = a@b\n", b"[core]\n\tbare = false\n"])
def test_ordinary_settings_are_not(text: bytes) -> None:
    assert not naming(text)


def test_other_files_and_removed_settings_are_not_looked_at() -> None:
    evil = b"[core]\n\tfsmonitor = x"

    assert not naming(evil, path="/app/config")
    assert not naming(evil, kind="removed")
    assert naming(evil, path="/app/.git/modules/sub/config")
