import pytest

from autoloop.errors import TaskError
from autoloop.tasks.datasets.sources import GitSource, git_source, without_credentials


@pytest.mark.parametrize(
    ("text", "url", "revision", "path"),
    [
        ("https://host/o/r.git", "https://host/o/r.git", None, ""),
        ("https://host/o/r@v1:tasks/a", "https://host/o/r", "v1", "tasks/a"),
        ("https://u:p@host:8443/o/r@main", "https://u:p@host:8443/o/r", "main", ""),
        ("ssh://git@host:22/o/r:tasks/", "ssh://git@host:22/o/r", None, "tasks"),
        ("git@host:o/r.git@feature/x:./a//b", "git@host:o/r.git", "feature/x", "a/b"),
        ("file:///srv/r@0123abc:.", "file:///srv/r", "0123abc", ""),
        ("git://host/r:a@b/c:d", "git://host/r", None, "a@b/c:d"),
    ],
)
def test_an_address_has_url_revision_and_path(
    text: str, url: str, revision: str | None, path: str
) -> None:
    assert git_source(text) == GitSource(url=url, revision=revision, path=path)


@pytest.mark.parametrize("text", ["tasks", "./a@b", "/srv/tasks:x", "dataset.toml", "r.json:a@1"])
def test_other_texts_are_no_address(text: str) -> None:
    assert git_source(text) is None


@pytest.mark.parametrize("text", ["file:///r@", "file:///r@:a", "file:///r@--upload-pack=x"])
def test_a_revision_that_can_be_none_is_refused(text: str) -> None:
    with pytest.raises(TaskError, match="Write a branch, a tag or a commit after the @"):
        git_source(text)


@pytest.mark.parametrize("path", ["/etc", "..", "a/../../b", "a\nb"])
def test_a_path_out_of_the_repository_is_refused(path: str) -> None:
    with pytest.raises(TaskError, match="is no path in a git repository"):
        git_source(f"file:///r:{path}")


def test_credentials_are_not_shown() -> None:
    assert without_credentials("at https://me:secret@host/r") == "at https://host/r"
