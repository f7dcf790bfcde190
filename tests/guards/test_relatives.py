import ast
from collections.abc import Callable

import pytest

from autoloop.guards.relatives import Relatives

FIRST = "import os\n\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n"


def test_statements_before_the_first_changed_line_are_taken_over() -> None:
    relatives = Relatives()
    old = relatives.tree(FIRST)
    new = relatives.tree(FIRST.replace("return 2", "return 3"))

    assert [one is other for one, other in zip(old.body, new.body, strict=True)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FIRST, FIRST.replace("return 2", "return 3")),
        (FIRST, FIRST.replace("import os\n", "import os\nimport re\n")),
        ("if a:\n    b\nc\n", "if a:\n    b\nelse:\n    c\n"),
        ("def f():\n    a\nb\n", "def f():\n    a\n    b\n"),
        ("a\n@\\\nb\ndef f(): pass\n", "a\n@\\\nb\ndef f(): return\n"),
        ("a; b\nc\nd", "a; b\nc\ne"),
        ("a\r\nb\r\nc", "a\r\nb\r\nd"),
        ("a\n'''\nb\n'''\nc", "a\n'''\nb\n"),
        ("@a\n@b\nclass C: pass\nd\ne", "@a\n@b\nclass C: pass\nd\nf"),
    ],
)
def test_a_tree_is_the_one_that_python_gives(before: str, after: str) -> None:
    relatives = Relatives()
    relatives.tree(before)

    assert _told(relatives.tree, after) == _told(ast.parse, after)


def _told(parser: Callable[[str], ast.Module], source: str) -> str:
    try:
        return ast.dump(parser(source), include_attributes=True)
    except SyntaxError as exc:
        return repr(exc)
