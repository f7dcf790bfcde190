"""Many threads may parse at once."""

from concurrent.futures import ThreadPoolExecutor

from autoloop.records.python_source import syntax_tree

SOURCE = "\n".join(f"def f{n}(x):\n    return [{{'a': (x + {n}) * (x - 1)}}]" for n in range(300))


def test_trees_of_several_threads_do_not_disturb_each_other() -> None:
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(syntax_tree, [SOURCE] * 24))

    assert {len(tree.body) for tree in trees} == {300}
