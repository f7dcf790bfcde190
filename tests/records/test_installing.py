"""What to install is named so that no stranger's package of the same name is taken."""

from pathlib import Path

from autoloop.records.installing import install_command

ROOT = Path(__file__).parents[2]


def test_a_checkout_is_named_with_its_folder() -> None:
    assert install_command("harbor") == f"pip install '{ROOT}[harbor]'"


def test_elsewhere_it_is_a_path_too_and_never_the_bare_name(tmp_path: Path) -> None:
    said = install_command("notebook", tmp_path)

    assert said == "pip install '/path/to/autoloop[notebook]'"
