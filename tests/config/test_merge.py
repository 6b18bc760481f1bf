"""Laws of merging: later wins, nothing else changes, and every leaf has the origin of whoever wrote it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from arbcore.config.tree import Origin, Tree, format_path, leaves, merge, parse_path, remove

KEYS = st.sampled_from(["a", "b", "c", "use", "env"])
SCALARS = st.one_of(st.integers(0, 9), st.sampled_from(["x", "y"]), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.dictionaries(KEYS, inner, max_size=3), st.lists(inner, max_size=2)),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=4)


def tree(values: dict[str, Any], name: str) -> Tree:
    origin = Origin("file", name)
    origins = {path[:length]: origin for path, _ in leaves(values) for length in range(1, len(path) + 1)}
    return Tree(values, origins)


@given(MAPPINGS, MAPPINGS)
def test_every_leaf_has_an_origin_that_wrote_it(low: dict[str, Any], high: dict[str, Any]) -> None:
    merged = merge(tree(low, "low"), tree(high, "high"))
    sources = {"low": Tree(low), "high": Tree(high)}
    for path, value in leaves(merged.values):
        if path:
            assert sources[merged.origins[path].text].get(path) == value


@given(MAPPINGS, MAPPINGS)
def test_what_the_later_tree_says_holds(low: dict[str, Any], high: dict[str, Any]) -> None:
    merged = merge(tree(low, "low"), tree(high, "high"))
    for path, value in leaves(high):
        if path and value != {}:
            assert merged.get(path) == value
            assert merged.origins[path].text == "high"


@given(MAPPINGS, MAPPINGS)
def test_no_origin_outlives_its_value(low: dict[str, Any], high: dict[str, Any]) -> None:
    merged = merge(tree(low, "low"), tree(high, "high"))
    paths = {path[:length] for path, _ in leaves(merged.values) for length in range(1, len(path) + 1)}
    assert set(merged.origins) <= paths


@given(MAPPINGS)
def test_merging_with_nothing_or_itself_changes_nothing(values: dict[str, Any]) -> None:
    one = tree(values, "one")
    assert merge(one, Tree()) == one
    assert merge(Tree(), one) == one
    assert merge(one, one).values == values


@given(MAPPINGS, KEYS)
def test_removing_takes_the_value_and_its_origins(values: dict[str, Any], key: str) -> None:
    left = remove(tree(values, "one"), (key,))
    assert left.values == {name: value for name, value in values.items() if name != key}
    assert not any(path[0] == key for path in left.origins)


def test_two_references_to_a_secret_do_not_mix() -> None:
    low, high = {"key": {"env": "A"}, "x": 1}, {"key": {"file": "b"}}
    merged = merge(tree(low, "low"), tree(high, "high"))
    assert merged.values == {"key": {"file": "b"}, "x": 1}
    assert merged.origins["key", "file"].text == "high"


def test_another_plugin_takes_no_settings_of_the_one_before() -> None:
    low = {"journal": {"use": "old", "path": "x"}}
    assert merge(tree(low, "low"), tree({"journal": {"use": "new"}}, "high")).values == {"journal": {"use": "new"}}
    same = merge(tree(low, "low"), tree({"journal": {"use": "old", "size": 1}}, "high"))
    assert same.values == {"journal": {"use": "old", "path": "x", "size": 1}}


def test_lists_are_replaced_whole() -> None:
    merged = merge(tree({"list": [1, {"a": 2}]}, "low"), tree({"list": [3]}, "high"))
    assert merged.values == {"list": [3]}
    assert set(merged.origins) == {("list",), ("list", 0)}


@given(KEYS, st.lists(st.one_of(KEYS, st.integers(0, 12)), max_size=5))
def test_paths_are_read_as_they_are_written(first: str, rest: list[str | int]) -> None:
    assert parse_path(format_path((first, *rest))) == (first, *rest)
