import pytest

from autoloop.tasks.step_names import same_folder_key, step_name


@pytest.mark.parametrize("name", ["01-plan", "two words", "ünï", ".hidden", "-x", "x" * 255])
def test_what_can_be_a_folder_everywhere_is_a_step_name(name: str) -> None:
    assert step_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "  ", ".", "..", "a.", "a ", "a/b", "a\\b", "a:b", "a\tb", "x" * 256, "ä" * 128),
        *("CON", "nul", "com1.txt", "LPT¹"),
    ],
)
def test_what_cannot_be_a_folder_everywhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="write the name of a folder below steps/"):
        step_name(name)


@pytest.mark.parametrize(("one", "other"), [("plan", "PLAN"), ("é", "e\u0301")])
def test_names_of_one_folder_have_one_key(one: str, other: str) -> None:
    assert same_folder_key(one) == same_folder_key(other)
