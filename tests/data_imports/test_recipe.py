"""Recipes: what they may say, and what is answered when they say something else."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from arbcore.data.imports.market import base_candidates, named_market
from arbcore.data.imports.recipe import changed, profile_names, read_recipe, source_files
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument, InstrumentKind
from tests.data_imports.formats import MINUTE, S, bars_profile, write

NAMED = {"alpha:bars": bars_profile(), "alpha:hours": bars_profile(name="hours", interval_ns=60 * MINUTE)}
RECIPE = """
schema_version: 1
source: example.org
notes: [as found]
imports:
  - profile: alpha:bars
    interval: 1h
    notes: [hours]
  - name: own
    kind: fx
    columns: {ts: day, price: 4}
    rate: usdt_krw
    delay: 1d
    receive_shift: -1.5s
"""


def test_entries_change_named_profiles_or_stand_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "r.yaml", RECIPE)
    first, second = read_recipe(path, NAMED)
    expected = replace(NAMED["alpha:bars"], interval_ns=60 * MINUTE, notes=("hours",), source="example.org")
    assert first == expected
    assert (second.name, second.rate, second.columns) == ("own", "usdt_krw", {"ts": "day", "price": "4"})
    assert (second.delay_ns, second.receive_shift_ns) == (1440 * MINUTE, -3 * S // 2)
    assert (second.source, second.notes) == ("example.org", ("as found",))
    assert profile_names(path) == ["alpha:bars"]


INSTRUMENT = """
schema_version: 1
imports:
  - name: own
    kind: bars
    columns: {ts: t}
    interval: 5m
    venue: beta
    symbol: BTCUSDT
    instrument:
      {kind: perpetual, base: BTC, quote: USDT, ticks: [[0, 0.1], [100000, 1]], lot: 0.001, min_quantity: "0.001",
       min_notional: 5, maker: 0.0002, taker: 0.00055, contract_size: 10}
"""


def test_instruments_are_written_with_exact_decimals(tmp_path: Path) -> None:
    (profile,) = read_recipe(write(tmp_path, "r.yaml", INSTRUMENT), {})
    market = profile.instrument
    assert market is not None
    assert (market.key, market.kind, market.lot) == ("beta:BTCUSDT", InstrumentKind.PERPETUAL, Decimal("0.001"))
    assert market.ticks.tick_at(99_999.0) == Decimal("0.1")
    assert market.ticks.tick_at(100_000.0) == 1
    assert (market.fees.taker, market.contract_size) == (Decimal("0.00055"), Decimal(10))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema_version: 1", "schema_version: 2", "is no recipe of imports"),
        ("imports:", "importz:", "is no recipe of imports"),
        ("source: example.org", "sources: x", "is no recipe of imports"),
        ("profile: alpha:bars", "profile: alpha:barz", r"import 1: no profile is named 'alpha:barz'\n.*'alpha:bars'"),
        ("    interval: 1h", "    intervall: 1h", r"import 1: unknown field 'intervall'\n.*'interval'"),
        ("    interval: 1h", "    interval_ns: 1", "unknown field 'interval_ns'"),
        ("    interval: 1h", "    begin: 2025-07-01", "import 1: begin: '2025-07-01' is not a time with its zone"),
        ("    interval: 1h", "    end: later", "import 1: end: 'later' is not a time with its zone"),
        ("    interval: 1h", "    interval: soon", "import 1: interval: 'soon' is not a duration"),
        ("    rate: usdt_krw", "    rate: [1]", "import 2: .*[Ee]xpected `str`"),
        ("    kind: fx\n", "", "import 2: .*`kind`"),
        ("  - name: own\n    kind: fx", "  - fx", "can't be read"),
        ("  - name: own", "  - 3\n  - name: own", "import 2: is not a mapping"),
        ("    delay: 1d", "    delay: 1d\n    delay: 2d", "can't be read"),
    ],
)
def test_what_a_recipe_may_not_say(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in RECIPE
    with pytest.raises(DataError, match=message):
        read_recipe(write(tmp_path, "r.yaml", RECIPE.replace(old, new)), NAMED)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("base: BTC, ", "", "instrument: .*`base`"),
        ("lot: 0.001", "lot: many", "instrument: .*lot"),
        ("lot: 0.001", "lot: 0", "instrument: .*must be positive"),
        ("ticks: [[0, 0.1], [100000, 1]], ", "", "instrument: a tick table needs at least one band"),
        ("base: BTC", "bases: BTC", "instrument: .*unknown field `bases`"),
    ],
)
def test_what_an_instrument_may_not_say(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(DataError, match=f"import 1: {message}"):
        read_recipe(write(tmp_path, "r.yaml", INSTRUMENT.replace(old, new)), {})


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "\x00"])
def test_files_that_are_no_recipe(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"r\.yaml: (is no recipe|can't be read)"):
        read_recipe(write(tmp_path, "r.yaml", text), {})


def test_a_recipe_that_is_not_there() -> None:
    with pytest.raises(DataError, match="can't be read"):
        read_recipe(Path("nowhere.yaml"), {})


def test_fields_alone_make_a_profile() -> None:
    fields = {"name": "mine", "kind": "fx", "columns": {"ts": "t", "price": "p"}, "delay": "1h"}
    assert changed("here", None, fields).delay_ns == 60 * MINUTE


def test_files_come_from_patterns_in_order_of_name(tmp_path: Path) -> None:
    for name in ("b/x_2.csv", "a/x_1.csv", "a/y.csv"):
        write(tmp_path, name, "t\n")
    profile = bars_profile(files="x_*.csv")
    found = source_files(profile, [tmp_path], alone=True)
    assert [path.name for path in found] == ["x_1.csv", "x_2.csv"]
    single = source_files(profile, [tmp_path / "a" / "y.csv"], alone=True)
    assert single == [tmp_path / "a" / "y.csv"]
    given = [tmp_path / "a" / "y.csv", tmp_path / "b" / "x_2.csv"]
    assert source_files(profile, given, alone=False) == given[1:]


def test_sources_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file or folder"):
        source_files(bars_profile(), [tmp_path / "none"], alone=True)
    with pytest.raises(DataError, match=r"nothing matches 'x_\*\.csv'"):
        source_files(bars_profile(files="x_*.csv"), [tmp_path], alone=True)
    with pytest.raises(DataError, match="is a folder, and profile bars has no pattern"):
        source_files(bars_profile(), [tmp_path], alone=True)


@pytest.mark.parametrize(
    ("symbol", "base"),
    [("KRW-BTC", "BTC"), ("BTC/KRW", "BTC"), ("BTCUSDT", "BTC"), ("1000SHIBUSDT", "SHIB"), ("linkusdt", "LINK")],
)
def test_the_base_coin_is_among_the_guesses(symbol: str, base: str) -> None:
    assert base in base_candidates(symbol)


def test_a_market_is_found_by_its_symbol(tmp_path: Path) -> None:
    (profile,) = read_recipe(write(tmp_path, "r.yaml", INSTRUMENT), {})
    market = profile.instrument
    assert isinstance(market, Instrument)
    assert named_market([market], "beta", "BTCUSDT", "beta") is market
    with pytest.raises(DataError, match="'beta' has no reference instrument 'ETHUSDT', only BTCUSDT"):
        named_market([market], "beta", "ETHUSDT", "beta")
