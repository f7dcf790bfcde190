"""Secrets in what a trial leaves."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.records import Environment, Verifier
from autoloop.trial import redaction
from autoloop.trial.redaction import Redaction
from tests.trial.builders import make_step, make_task

LONG = "s3cret-and-long"


def test_variables_are_secret_by_their_names_wherever_they_are_set() -> None:
    own = Environment(
        folder=Path(), dockerfile=None, image="i", env={"DB_PASSWORD": "of-the-tests"}
    )
    verifier = Verifier(tests=(), env={"my_api_key": "of-verifier"}, environment=own)
    task = make_task(steps=(make_step(verifier=verifier),))
    task = replace(task, solution_env={"X_TOKEN": "of-solution", "MAX_TOKENS": "not-a-secret"})

    text = Redaction.of(task).text("of-the-tests of-verifier of-solution not-a-secret")

    assert text == "[REDACTED] [REDACTED] [REDACTED] not-a-secret"


def test_values_that_are_short_stay() -> None:
    task = replace(make_task(), solution_env={"KEY": "1234567"})

    assert Redaction.of(task).text("1234567 \udc80") == "1234567 \udc80"


def test_the_longest_of_two_secrets_that_begin_alike_goes_first() -> None:
    assert Redaction([LONG, LONG + "er"]).text(f"{LONG}er {LONG}") == "[REDACTED] [REDACTED]"


@pytest.mark.parametrize("chunk", [1, 3, 16, 100])
def test_a_secret_is_found_across_the_pieces_that_a_file_is_read_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(redaction, "CHUNK_BYTES", chunk)
    file = tmp_path / "deep" / "log"
    file.parent.mkdir()
    file.write_text(f"a{LONG}b{LONG[:-1]}c{LONG}{LONG}")
    file.chmod(0o640)

    Redaction([LONG, "12345678"]).folder(tmp_path)

    assert file.read_text() == f"a[REDACTED]b{LONG[:-1]}c[REDACTED][REDACTED]"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]


def test_a_secret_at_the_very_end_that_is_shorter_than_others_is_found(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("the key is 12345678")

    Redaction([LONG * 3, "12345678"]).folder(tmp_path)

    assert (tmp_path / "log").read_text() == "the key is [REDACTED]"


def test_what_links_lead_to_is_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text(LONG)
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "link").symlink_to(outside)

    Redaction([LONG]).folder(folder)

    assert outside.read_text() == LONG


def test_a_secret_behind_a_zero_byte_is_found_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\0" + LONG.encode() + b"\xff\0")
    (tmp_path / "picture").write_bytes(b"\0\xff\xfe")

    Redaction([LONG]).folder(tmp_path)

    assert (tmp_path / "binary").read_bytes() == b"\0[REDACTED]\xff\0"
    assert (tmp_path / "picture").read_bytes() == b"\0\xff\xfe"


def test_text_that_is_no_unicode_is_searched_too(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\xff\xfe " + LONG.encode())

    Redaction([LONG]).folder(tmp_path)

    assert (tmp_path / "log").read_bytes() == b"\xff\xfe [REDACTED]"


def test_a_secret_is_found_as_json_spells_it() -> None:
    spelled = '{"said": "a \\"quoted\\" wörd"}'

    assert Redaction(['a "quoted" wörd']).text(spelled) == '{"said": "[REDACTED]"}'


def test_a_file_without_secrets_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("nothing here")
    before = file.stat()

    Redaction([LONG]).folder(tmp_path)

    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
