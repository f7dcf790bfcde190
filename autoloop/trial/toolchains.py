"""Which settings and packages of languages' own tools stay as an image has them."""

import re
from collections.abc import Iterable, Iterator

from autoloop.records.toolchains import TOOLCHAINS, Toolchain
from autoloop.trial.habits import Habits
from autoloop.trial.system_paths import SystemPaths
from autoloop.trial.tools import Tools

TEST_CODE = re.compile(
    r"(?!/usr/|/lib).*\b(?:junit|testng|hamcrest|mockito|surefire|failsafe|spock|scalatest|testify"
    r"|ginkgo|gomega|rspec|minitest|test-unit|phpunit|pestphp|xunit|nunit|mstest|testthat|busted"
    r"|luaunit|alcotest|ounit|Test/(?:More|Builder|Simple|Harness)|TAP)\b"
    r".*\.(?:jar|class|go|rs|rb|php|phar|dll|R|rd[bx]|pm|t|jl|lua|ml|cm\w+|so|[jt]s|a|zip|gem|crate)"
)
"""Tools of tests, among the packages of a language: what they are to Python is pytest."""


def guarded(
    listed: Iterable[str], *, tools: Tools, habits: Habits, instruction: str, workdir: str
) -> SystemPaths:
    """The system's paths, once the packages that tests use are among them.

    What the instruction speaks of is none.
    """
    free = {path for one in TOOLCHAINS for path in one.free_settings(instruction)}
    used = [
        one
        for one in TOOLCHAINS
        if one.name in habits.toolchains and not any(word in instruction for word in one.words)
    ]
    stores = (path for one in used for path in _stores(one, tools, workdir))
    return SystemPaths((*(path for path in listed if path not in free), *stores))


def _stores(toolchain: Toolchain, tools: Tools, workdir: str) -> Iterator[str]:
    yield from toolchain.store_paths
    yield from tools.stores_of(toolchain.name, workdir=workdir)
