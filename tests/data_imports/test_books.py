"""Books in their three shapes are the same books."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from arbcore.data.imports.books import joined_levels
from arbcore.data.imports.mapping import parse
from arbcore.data.imports.tables import read_tables
from arbcore.errors import DataError
from tests.data_imports.formats import profile, read, write

WIDE = "t,b1,b2,bv1,bv2,a1,a2,av1,av2\n1700000000,10,9,1,2,11,12,3,4\n1700000005,10.5,9,5,6,11,12,7,8\n"
LONG = """t,side,price,quantity
1700000000,bid,9,2
1700000000,bid,10,1
1700000000,ask,11,3
1700000000,ask,12,4
1700000005,ask,12,8
1700000005,ask,11,7
1700000005,bid,10.5,5
1700000005,bid,9,6
"""
LISTS = (
    '{"t":1700000000,"b":[[10,1],[9,2]],"a":[[11,3],[12,4]]}\n'
    '{"t":1700000005,"b":[["10.5","5"],[9,6]],"a":[[11,7],[12,8]]}\n'
)
IN_COLUMNS = profile("book", {"ts": "t", "bids": "b{n}", "bid_sizes": "bv{n}", "asks": "a{n}", "ask_sizes": "av{n}"})
IN_ROWS = profile("book", {"ts": "t", "side": "side", "price": "price", "size": "quantity"})
IN_LISTS = profile("book", {"ts": "t", "bids": "b", "asks": "a"}, format="jsonl")


def test_the_three_shapes_agree(tmp_path: Path) -> None:
    wide = read(IN_COLUMNS, write(tmp_path, "wide.csv", WIDE))
    rows = read(IN_ROWS, write(tmp_path, "long.csv", LONG))
    lists = read(IN_LISTS, write(tmp_path, "lists.jsonl", LISTS))
    plain = [{name: column.tolist() for name, column in each.items()} for each in (wide, rows, lists)]
    assert plain[0] == plain[1] == plain[2]
    assert plain[0]["bid_0"] == [10.0, 10.5]
    assert plain[0]["bid_size_1"] == [2.0, 6.0]
    assert plain[0]["ask_size_0"] == [3.0, 7.0]


@pytest.mark.parametrize("chunk_rows", range(1, 10))
def test_books_of_levels_are_whole_however_the_rows_are_cut(tmp_path: Path, chunk_rows: int) -> None:
    tables = read_tables(write(tmp_path, "long.csv", LONG), IN_ROWS, chunk_rows)
    books = [book for table in joined_levels(tables, IN_ROWS) for book in zip(*table.cells.values(), strict=True)]
    assert books == [
        ("1700000000", [[10.0, 1.0], [9.0, 2.0]], [[11.0, 3.0], [12.0, 4.0]]),
        ("1700000005", [[10.5, 5.0], [9.0, 6.0]], [[11.0, 7.0], [12.0, 8.0]]),
    ]


LEVELS = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 9)), min_size=1, max_size=6, unique_by=lambda level: level[0]
)


@given(st.lists(st.tuples(LEVELS, LEVELS), min_size=1, max_size=5), st.integers(1, 4))
def test_books_keep_so_many_levels(tmp_path_factory: pytest.TempPathFactory, books: list[Any], levels: int) -> None:
    rows: list[dict[str, Any]] = []
    for number, (below, above) in enumerate(books):
        bids = [[100 - price, size] for price, size in sorted(below)]
        asks = [[100 + price, size] for price, size in sorted(above)]
        rows.append({"t": 1_700_000_000 + number, "b": bids, "a": asks})
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path = write(tmp_path_factory.mktemp("books"), "books.jsonl", text)
    columns = read(replace(IN_LISTS, levels=levels), path)
    assert sum(name.startswith("bid_size") for name in columns) == levels
    for number, row in enumerate(rows):
        for side, name in (("b", "bid"), ("a", "ask")):
            kept = [[columns[f"{name}_{n}"][number], columns[f"{name}_size_{n}"][number]] for n in range(levels)]
            assert kept == (row[side] + [[0.0, 0.0]] * levels)[:levels]


def test_thin_books_need_to_be_told_how_many_levels_count(tmp_path: Path) -> None:
    path = write(tmp_path, "books.jsonl", LISTS.replace("[[11,7],[12,8]]", "[[11,7]]"))
    with pytest.raises(DataError, match=r"line 2, column 'a': 1 levels where the rows before have 2\n.*levels"):
        list(parse(IN_LISTS, path))


@pytest.mark.parametrize("level", ["[[11]]", '"no"', '[["x",1]]', "null", '[[11,"nan"]]'])
def test_what_is_no_level_is_named(tmp_path: Path, level: str) -> None:
    path = write(tmp_path, "books.jsonl", LISTS.replace("[[11,7],[12,8]]", level))
    with pytest.raises(DataError, match=r"books\.jsonl, line 2, column 'a': not a list of pairs"):
        list(parse(IN_LISTS, path))


def test_a_side_that_is_none_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "long.csv", LONG.replace("ask,11,3", "middle,11,3"))
    with pytest.raises(DataError, match=r"line 4, column 'side': 'middle' is neither"):
        list(parse(IN_ROWS, path))
