"""Programs: other programs with other mistakes are mended as well."""

from pathlib import Path

import pytest

from autoloop.gateway.offline.skill import View
from autoloop.gateway.offline.skills.programs import ProgramsSkill
from tests.offline.workbench import Workbench, task_bench, write_files

SKILL = ProgramsSkill()
TASKS = ("cart-shipping", "durations", "library-loans")
INSTRUCTION = (
    "There is a bug in /app/tool.py; the tests in /app/test_tool.py show it. Make all of them pass."
)
MISTAKES = {
    "comparison": ("return a > 3", "return a >= 3", "assert f(3, 0) and f(4, 0) and not f(2, 0)"),
    "operator": ("return a and b", "return a or b", "assert f(0, 1) and f(1, 0) and not f(0, 0)"),
    "number": ("return a + 2 * b", "return a + 3 * b", "assert f(1, 1) == 4 and f(0, 2) == 6"),
    "name": ("return a - a", "return a - b", "assert f(5, 2) == 3 and f(2, 5) == -3"),
    "method": ("return a.index(b)", "return a.count(b)", 'assert f("xoxo", "o") == 2'),
}
NAMES = "\n\ndef g(a):\n    return a.count(1)\n"
CHANGES_NOTHING = ("do not", "Do not", "stay")


def bench_of(source: str, test: str, folder: Path, more: str = "") -> Workbench:
    return Workbench(
        skill=SKILL,
        instruction=INSTRUCTION + more,
        fill=write_files(
            tool__py=f"def f(a, b):\n    {source}\n{NAMES}",
            log="7.0\n",
            test_tool__py=f"from tool import f\n\n\ndef test_f():\n    {test}\n",
        ),
        folder=folder,
    )


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_mended(kind: str, tmp_path: Path) -> None:
    wrong, right, test = MISTAKES[kind]

    left = bench_of(wrong, test, tmp_path / "bench").work()

    assert left["tool.py"] == f"def f(a, b):\n    {right}\n{NAMES}"


def test_a_guess_is_about_comparisons_only(tmp_path: Path) -> None:
    wrong, right, test = MISTAKES["operator"]

    left = bench_of(wrong, test, tmp_path / "bench").work(View(looked=False))

    assert right not in left["tool.py"]


def test_an_endless_loop_among_the_attempts_is_left(tmp_path: Path) -> None:
    wrong = "while a > 1:\n        a = a - b\n    return a + 1"

    left = bench_of(wrong, "assert f(4, 1) == 1 and f(3, 1) == 1", tmp_path / "bench").work()

    assert "a > 1" not in left["tool.py"] or "a + 1" not in left["tool.py"]


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_detail_changes_what_is_left_behind(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"programs/{task}", tmp_path / "bench")
    whole = bench.work()

    assert bench.work(times=2) == whole
    for detail in bench.job.details:
        is_harmless = any(word in detail for word in CHANGES_NOTHING)
        assert (bench.forgetting(detail) == whole) is is_harmless, detail


@pytest.mark.parametrize("task", ["durations", "library-loans"])
def test_what_was_cut_off_is_not_mended(task: str, tmp_path: Path) -> None:
    bench = task_bench(SKILL, f"programs/{task}", tmp_path / "bench")

    assert bench.work(View(seen_lines=12)) != bench.work()


def test_version_and_news_are_brought_up_to_date(tmp_path: Path) -> None:
    more = (
        "\n\n- Set RELEASE in the module to 7.1.\n- " + 'Add the line "7.1" at the end of /app/log.'
    )
    wrong, right, test = MISTAKES["number"]
    bench = bench_of(f'{wrong}\n\n\nRELEASE = "7.0"', test, tmp_path / "bench", more)

    left = bench.work()

    assert right in left["tool.py"]
    assert 'RELEASE = "7.1"' in left["tool.py"]
    assert left["log"] == "7.0\n7.1\n"


def test_other_work_is_left_to_others() -> None:
    assert SKILL.understand("Write tests for /app/tool.py.") is None
