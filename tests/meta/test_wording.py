"""Prompts of the package and of a project."""

from pathlib import Path

import pytest

from autoloop.errors import SettingsError
from autoloop.meta.wording import NAMES, Prompts


def test_without_a_folder_the_packages_prompts_are_used(tmp_path: Path) -> None:
    prompts = Prompts.of_folder(tmp_path / "prompts")

    assert prompts.version == Prompts().version
    assert prompts.version.startswith("standard (")
    assert all(prompts.text(name) for name in NAMES)


def test_a_project_replaces_a_prompt_by_a_file_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "small.md").write_text("Do $turns small things for $5.\n")

    prompts = Prompts.of_folder(tmp_path)

    assert prompts.text("small", turns=3) == "Do 3 small things for $5."
    assert prompts.text("system") == Prompts().text("system")


def test_the_version_says_whose_prompts_they_are_and_changes_with_every_word(
    tmp_path: Path,
) -> None:
    versions = set()
    for text in ("Be good.", "Be better."):
        (tmp_path / "system.md").write_text(text)
        versions.add(Prompts.of_folder(tmp_path).version)

    assert len(versions) == 2
    assert all(version.startswith("own system (") for version in versions)


def test_other_files_in_the_folder_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Mine.")

    assert Prompts.of_folder(tmp_path).version == Prompts().version


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("sytem.md", b"Hello.", "is no prompt: there are system.md, step.md"),
        ("system.md", b"\xff\xfe", "cannot be read"),
        ("system.md", b" \n", "has 2 characters: write between 1 and 100,000"),
        ("system.md", b"x" * 100_001, "has 100,001 characters"),
    ],
)
def test_a_file_that_can_be_no_prompt_is_refused_with_a_sentence(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(SettingsError, match=reason) as raised:
        Prompts.of_folder(tmp_path)

    assert str(tmp_path / name) in str(raised.value)


def test_a_folder_that_the_settings_name_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'models\.prompts' names"):
        Prompts.of_folder(tmp_path / "gone", named=True)
