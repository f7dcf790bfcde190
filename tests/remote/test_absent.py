"""What a person is told who asks for Harbor's environments without Harbor."""

from importlib import import_module
from importlib.util import find_spec

import pytest

from autoloop.errors import UserError


@pytest.mark.skipif(find_spec("harbor") is not None, reason="Harbor is installed.")
def test_without_harbor_a_sentence_says_how_to_install_it() -> None:
    with pytest.raises(UserError, match=r"Python 3\.12 .*`pip install '.*\[harbor\]'`"):
        import_module("autoloop.remote")
