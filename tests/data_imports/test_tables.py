"""Files as tables: what is read, and what each complaint names."""

import gzip
from pathlib import Path

import pytest

from arbcore.data.imports.tables import read_tables
from arbcore.errors import DataError
from tests.data_imports.formats import BARS, bars_profile, profile, write


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz"])
def test_csv_is_read_with_its_line_numbers(tmp_path: Path, name: str) -> None:
    (table,) = read_tables(write(tmp_path, name, BARS), bars_profile())
    assert table.lines == [2, 3, 4]
    assert table.cells["close"] == ["101", "102", "103"]


def test_a_gzipped_file_needs_no_suffix(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(gzip.compress(BARS.encode()))
    assert next(read_tables(path, bars_profile())).cells["volume"] == ["7", "8", "9"]


def test_chunks_hold_all_rows_once(tmp_path: Path) -> None:
    path = write(tmp_path, "bars.csv", BARS)
    tables = list(read_tables(path, bars_profile(), chunk_rows=2))
    assert [table.lines for table in tables] == [[2, 3], [4]]
    assert [row for table in tables for row in table.cells["open"]] == ["100", "101", "102"]


def test_a_byte_order_mark_and_spaces_in_the_header_are_no_part_of_names(tmp_path: Path) -> None:
    path = write(tmp_path, "bars.csv", "\ufeff" + BARS.replace("open,high", " open , high"))
    assert next(read_tables(path, bars_profile())).cells["time"][0] == "2025-05-28 18:10:00"


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "bars.csv", BARS.replace("\n2025-05-28 18:20", "\n\n2025-05-28 18:20"))
    assert next(read_tables(path, bars_profile())).lines == [2, 3, 5]


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, "bars.csv", BARS.replace("close", "closes"))
    with pytest.raises(DataError, match=r"bars\.csv, line 1: no column 'close'.*\n.*did you mean 'closes'\?"):
        list(read_tables(path, bars_profile()))


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "bars.csv", BARS.replace("low", "high", 1))
    given = bars_profile(columns={**bars_profile().columns, "low": "high"})
    with pytest.raises(DataError, match="several columns are named 'high'"):
        list(read_tables(path, given))


def test_a_cut_line_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "bars.csv", BARS + "2025-05-28 18:25:00,10")
    with pytest.raises(DataError, match=r"bars\.csv, line 5: 2 cells where the header names 6"):
        list(read_tables(path, bars_profile()))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is empty"):
        list(read_tables(write(tmp_path, "bars.csv", ""), bars_profile()))


def test_a_file_that_was_cut_while_packed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(gzip.compress((BARS * 200).encode())[:-20])
    with pytest.raises(DataError, match=r"bars\.csv\.gz: can't be read"):
        list(read_tables(path, bars_profile(columns={"ts": "time"})))


def test_binary_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(b"\xff\xfe\x00\x01" * 10)
    with pytest.raises(DataError, match="can't be read"):
        list(read_tables(path, bars_profile()))


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "bars.csv", BARS)
    with pytest.raises(DataError, match="unknown format 'excel'"):
        list(read_tables(path, bars_profile(format="excel")))


JSON_LINES = '{"t":1,"d":{"p":"2.5"},"k":"trade"}\n\n{"t":2,"d":{"p":"2.6"},"k":"depth"}\n{"t":3,"k":"trade"}\n'


def test_json_rows_are_picked_by_pattern_and_fields_by_path(tmp_path: Path) -> None:
    path = write(tmp_path, "trades.jsonl", JSON_LINES)
    given = profile("trades", {"ts": "t", "price": "d.p"}, format="jsonl", where={"k": "tr*"})
    (table,) = read_tables(path, given)
    assert table.lines == [1, 4]
    assert table.cells == {"t": [1, 3], "d.p": ["2.5", None]}


def test_a_stamp_before_the_object_is_a_field(tmp_path: Path) -> None:
    path = write(tmp_path, "feed.gz", '1700000000000000001 {"a":{"b":1}}\n1700000000000000002 {"a":{"b":2}}\n')
    given = profile("quotes", {"recv_ts": "@", "bid": "a.b"}, format="stamped-jsonl")
    tables = list(read_tables(path, given, chunk_rows=1))
    assert [table.cells["@"] for table in tables] == [["1700000000000000001"], ["1700000000000000002"]]
    assert [table.cells["a.b"] for table in tables] == [[1], [2]]


@pytest.mark.parametrize("line", ["{", "[1, 2]", "17 {", "nothing"])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, "feed.jsonl", f'{{"t": 1}}\n{line}\n')
    with pytest.raises(DataError, match=r"feed\.jsonl, line 2: .* is not a JSON object"):
        list(read_tables(path, profile("trades", {"ts": "t"}, format="jsonl")))
