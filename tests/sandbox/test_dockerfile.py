"""Dockerfiles taken apart, and put in the words of older builders."""

import json

import pytest

from autoloop.sandbox.archives import Entry
from autoloop.sandbox.dockerfile import parse
from autoloop.sandbox.heredocs import Rewriter, Rewritten


def rewritten(text: str, **args: str) -> Rewritten:
    """The rewriting, on base images that set one variable."""
    return Rewriter(args, lambda image: {"HOME": f"/{image}"}).rewrite(parse(text))


def run_of(text: str) -> list[str]:
    """The argument list of the last RUN after the rewriting."""
    last = rewritten(text).text.rstrip().splitlines()[-1]
    words: list[str] = json.loads(last[last.index("[") :])
    return words


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN echo 1 && \\\n  # why\n\n  echo 2\nCOPY a b\n",
        "FROM a AS b\nRUN [\"sh\", \"-c\", \"cat <<EOF\"]\nCOPY --from=b --chown=x a b\n",
        "FROM a\nRUN echo $((1 << 2)) '<<EOF' \"<<X\" <<<word\n",
        "# a note\n# syntax=late/image:1\nFROM a\n",
        "FROM a\nADD https://host/file.tar /x\nARG WORD=1\n",
        "FROM a\nRUN " + "[" * 200_000 + "\n",
    ],
    ids=["lines", "exec form", "no heredocs", "late directive", "downloads", "brackets"],
)  # fmt: skip
def test_what_the_classic_builder_knows_is_left_to_it(text: str) -> None:
    assert parse(text).is_classic


@pytest.mark.parametrize(
    ("line", "need"),
    [
        ("RUN --mount=type=cache,target=/c --network=none true", "RUN --mount"),
        ("COPY --chmod=755 a b", "COPY --chmod"),
        ("ADD --checksum=sha256:1 https://host/x /x", "ADD --checksum"),
        ("ADD https://host/it.git#v1 /x", "ADD of a git repository"),
        ("COPY --link a b", None),
        ("COPY --chmod=755 <<EOF /b\nx\nEOF", None),
        ("ARG TARGETARCH", None),
    ],
)
def test_what_takes_buildkit_is_told_from_what_can_be_rewritten(
    line: str, need: str | None
) -> None:
    dockerfile = parse(f"FROM a\n{line}\n")

    assert not dockerfile.is_classic
    assert dockerfile.instructions[1].buildkit_need == need
    assert dockerfile.instructions[1].line == 2


def test_directives_are_read_from_the_first_lines_only() -> None:
    dockerfile = parse("# escape=`\n#syntax = docker/dockerfile:1\nFROM a\nRUN a `\n  b\nRUN c\\\n")

    assert (dockerfile.escape, dockerfile.syntax_line) == ("`", 2)
    assert [step.rest for step in dockerfile.instructions] == ["a", "a   b", "c\\"]


def test_a_heredoc_is_the_script_of_a_run() -> None:
    assert run_of("FROM a\nRUN <<EOF\necho \"1\"\n\n# kept\nEOF\n") == [
        "/bin/sh", "-c", 'echo "1"\n\n# kept\n',
    ]  # fmt: skip


def test_a_command_gets_its_heredocs_as_input() -> None:
    text = "FROM a\nRUN cat <<A 3<<-'B' > /x \\\n  && true\none\nA\n\ttwo\n\tB\n"

    assert run_of(text) == [
        "/bin/sh", "-c", "cat <<A 3<<-'B' > /x   && true\none\nA\n\ttwo\nB",
    ]  # fmt: skip


def test_tabs_are_cut_and_the_stages_shell_is_used() -> None:
    text = 'FROM a AS one\nSHELL ["/bin/bash", "-e", "-c"]\nFROM one\nRUN <<-EOF\n\t\tx\n\tEOF\n'

    assert run_of(text) == ["/bin/bash", "-e", "-c", "x\n"]


@pytest.mark.parametrize("shell", ["bash -c", '"bash"', "[" * 200_000])
def test_a_shell_that_is_no_list_is_left_to_the_engine(shell: str) -> None:
    assert run_of(f"FROM a\nSHELL {shell}\nRUN <<EOF\nx\nEOF\n") == ["/bin/sh", "-c", "x\n"]


def test_a_script_with_an_interpreter_is_run_as_a_file() -> None:
    shell, option, script = run_of("FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF\n")

    assert (shell, option) == ("/bin/sh", "-c")
    assert "#!/usr/bin/env python3\nprint(1)\n" in script


def test_flags_stay_before_a_rewritten_command() -> None:
    text = rewritten("FROM a\nRUN --mount=type=tmpfs,target=/t <<EOF\nx\nEOF\n").text

    assert 'RUN --mount=type=tmpfs,target=/t ["/bin/sh", "-c", "x\\n"]' in text


def test_copied_heredocs_become_files_of_the_context() -> None:
    made = rewritten("FROM a\nCOPY --link --chmod=0755 --chown=1 <<A <<'B' /to/\n1\nA\n$2\nB\n")

    assert "COPY --chown=1 .autoloop-heredocs/0/A .autoloop-heredocs/1/B /to/\n" in made.text
    assert made.files == (
        Entry(path=".autoloop-heredocs/0/A", mode=0o755, data=b"1\n"),
        Entry(path=".autoloop-heredocs/1/B", mode=0o755, data=b"$2\n"),
    )


@pytest.mark.parametrize(
    ("written", "copied"),
    [
        ("$WORD ${WORD} ${NONE:-x} ${EMPTY-x}${EMPTY:-y}", "given given x y"),
        ("${WORD:+z} ${NONE+z}", "z "),
        (r"\$WORD \\ \n", r"$WORD \ n"),
        ("$1 $@ $HOME $LATE", "  /a "),
        ("$OVER $TWO", "by env a b"),
    ],
)
def test_variables_of_a_bare_heredoc_are_filled_in(written: str, copied: str) -> None:
    text = (
        "ARG BASE=a\nFROM $BASE\nARG WORD=default\nARG EMPTY=\nARG OVER=x\nENV OVER='by env' \\\n"
        f' TWO="a b"\nCOPY <<EOF /x\n{written}\nEOF\nENV LATE=1\n'
    )

    assert rewritten(text, WORD="given").files[0].data == f"{copied}\n".encode()


def test_a_heredoc_without_an_end_is_left_to_the_builder_to_refuse() -> None:
    text = "FROM a\nRUN <<EOF\necho\n"

    assert parse(text).instructions[1].heredocs == ()


def test_what_buildkit_would_fill_in_is_asked_for() -> None:
    made = rewritten("FROM --platform=$BUILDPLATFORM a\nARG TARGETARCH\nARG X\n")

    assert made.automatic == ("TARGETARCH",)
    assert "FROM a\n" in made.text
