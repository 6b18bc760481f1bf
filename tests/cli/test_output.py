"""Output: one JSON object alone on stdout, tables that are not cut, everything else on stderr."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import Struct

from arbcore.cli._frame_output import note, print_json, print_table


class Pair(Struct):
    name: str
    amount: Decimal


@dataclass
class Place:
    path: Path
    tags: frozenset[str]


def test_json_holds_every_kind_of_record(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"b": Pair("x", Decimal("1.10")), "a": Place(Path("data/x"), frozenset("cab")), "n": float("nan")})
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "a": {"path": "data/x", "tags": ["a", "b", "c"]},
        "b": {"name": "x", "amount": "1.1"},
        "n": None,
    }
    assert out.endswith("}\n")
    assert err == ""


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1E-12", "0.000000000001"), ("5.00E+3", "5000"), ("0E-20", "0"), ("-0", "0"), ("-1.50", "-1.5")],
)
def test_amounts_are_plain_wherever_they_lie(capsys: pytest.CaptureFixture[str], amount: str, text: str) -> None:
    one = Decimal(amount)
    print_json({"top": one, "list": [one], "record": Pair("x", one), "tuple": ((one,),)})
    out, _ = capsys.readouterr()
    told = {"list": [text], "record": {"amount": text, "name": "x"}, "top": text, "tuple": [[text]]}
    assert json.loads(out) == told
    assert "E" not in out


def test_fields_of_a_record_keep_their_order_and_keys_of_mappings_are_sorted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"b": 1, "a": Pair("x", Decimal(1))})
    assert [line.split('"')[1] for line in capsys.readouterr().out.splitlines() if '"' in line] == [
        "a",
        "name",
        "amount",
        "b",
    ]


def test_what_has_no_form_in_json_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TypeError, match="object has no form in JSON"):
        print_json({"x": object()})
    assert capsys.readouterr().out == ""


def test_a_table_outside_a_terminal_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 120
    print_table(["key", "value"], [("a", long), ("[b]", None)], title="Values")
    out, err = capsys.readouterr()
    assert long in out
    assert "[b]" in out
    assert out.splitlines()[0].strip() == "Values"
    assert err == ""


def test_notes_stay_off_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    note("hello")
    assert capsys.readouterr() == ("", "hello\n")
