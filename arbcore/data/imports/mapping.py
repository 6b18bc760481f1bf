"""Tables as the columns of a kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from arbcore.data._frames import Columns, np
from arbcore.data.imports.books import book_columns, joined_levels
from arbcore.data.imports.cells import flags, numbers, without_empty
from arbcore.data.imports.tables import CHUNK_ROWS, RECEIVED, Table, read_tables
from arbcore.data.imports.times import times
from arbcore.data.instant import LATEST_NS
from arbcore.errors import DataError
from arbcore.ports.control import ImportProfile


@dataclass(slots=True, frozen=True)
class Rows:
    """Columns of some rows, with the place that each came from.

    Attributes:
        table: Where the rows stand in the file; one line per row.
        columns: Columns of the kind.
        skipped: Rows left out because a cell was empty.
    """

    table: Table
    columns: Columns
    skipped: int = 0


@dataclass(slots=True, frozen=True)
class _Kind:
    """What a mapping may and must name, besides the times."""

    needed: tuple[str, ...]
    allowed: tuple[str, ...] = ()


_KINDS = {
    "bars": _Kind(("open", "high", "low", "close", "volume")),
    "quotes": _Kind(("bid_size", "ask_size"), ("bid", "ask", "price")),
    "fx": _Kind((), ("bid", "ask", "price")),
    "trades": _Kind(("price", "size", "buyer_took")),
    "funding": _Kind(("rate",), ("settled", "next_ts")),
    "book": _Kind((), ("bids", "asks", "bid_sizes", "ask_sizes", "side", "price", "size")),
}

_BOOK_SHAPES = ({"bids", "asks"}, {"side", "price", "size"})


def check_profile(profile: ImportProfile) -> None:
    """Refuse a profile whose mapping can't make its kind.

    Raises:
        DataError: The kind is unknown, a column is missing or unknown, or an interval is missing.
    """
    where, kind = f"profile {profile.name}", _KINDS.get(profile.kind)
    if kind is None:
        raise DataError(f"{where}: unknown kind '{profile.kind}'", f"one of {', '.join(_KINDS)}")
    names = set(profile.columns)
    known = {"ts", "recv_ts", *kind.needed, *kind.allowed}
    if names - known:
        raise DataError(
            f"{where}: {profile.kind} have no column '{min(names - known)}'", f"one of {', '.join(sorted(known))}"
        )
    missing = [name for name in kind.needed if name not in names]
    if not names & ({"ts"} if profile.kind == "bars" else {"ts", "recv_ts"}):
        missing.append("ts")
    if profile.kind in {"quotes", "fx"} and "price" not in names:
        missing += [name for name in ("bid", "ask") if name not in names]
    if profile.kind == "book" and not any(shape <= names for shape in _BOOK_SHAPES):
        missing.append("bids")
    if missing:
        raise DataError(
            f"{where}: {profile.kind} need the column '{missing[0]}'", f"name its source: {missing[0]}=FIELD"
        )
    if (profile.kind == "bars") != (profile.interval_ns > 0):
        raise DataError(f"{where}: bars, and nothing else, have an interval", "give interval, for example 5m")
    if profile.repeat < 1 or (profile.repeat > 1 and profile.repeat_every_ns <= 0):
        raise DataError(f"{where}: repeat {profile.repeat} needs a positive repeat_every", "for example 8h")


def parse(profile: ImportProfile, path: Path, chunk_rows: int = CHUNK_ROWS) -> Iterator[Rows]:
    """Yield the rows of one file as columns of the profile's kind, unchecked.

    Raises:
        DataError: The file can't be read, or a cell is not what the mapping says.
    """
    tables = read_tables(path, profile, chunk_rows)
    if "side" in profile.columns and profile.kind == "book":
        tables = joined_levels(tables, profile)
    for whole in tables:
        within = _within(whole, profile)
        table = without_empty(within) if profile.skip_empty else within
        skipped = len(within.lines) - len(table.lines)
        columns: Columns = {**_clocks(table, profile), **_MAKERS[profile.kind](table, profile)}
        if profile.repeat > 1:
            table, columns = _repeated(table, columns, profile)
        yield Rows(table, columns, skipped)


def _within(table: Table, profile: ImportProfile) -> Table:
    """Return the rows whose stamps the profile takes."""
    if not profile.begin_ns and not profile.end_ns:
        return table
    name = "ts" if "ts" in profile.columns else "recv_ts"
    stamps = times(table, profile.columns[name], _unit(profile, name), profile.clock)
    keep = (stamps >= profile.begin_ns) & (stamps < (profile.end_ns or LATEST_NS))
    return table if keep.all() else table.rows(np.flatnonzero(keep).tolist())


def _clocks(table: Table, profile: ImportProfile) -> Columns:
    """Return venue and receive times; bars have only the time at which they open."""
    mapping, columns = profile.columns, Columns()
    for name in ("ts", "recv_ts"):
        if name in mapping:
            columns[name] = times(table, mapping[name], _unit(profile, name), profile.clock)
    if "recv_ts" in columns:
        columns["recv_ts"] = columns["recv_ts"] + profile.receive_shift_ns
    if profile.kind == "bars":
        return {"ts": columns["ts"]}
    stamp = columns.get("ts", columns.get("recv_ts"))
    if stamp is None:
        raise DataError(f"profile {profile.name}: no time is mapped", "name its source: ts=FIELD")
    return {"ts": stamp, "recv_ts": columns.get("recv_ts", stamp) + profile.delay_ns}


def _unit(profile: ImportProfile, name: str) -> str:
    """Return the unit of a time; the clock in front of a stamped line is in nanoseconds whatever the messages use."""
    return "ns" if profile.columns[name] == RECEIVED else profile.time_unit


def _bars(table: Table, profile: ImportProfile) -> Columns:
    return {
        name: numbers(table, profile.columns[name], profile.thousands)
        for name in ("open", "high", "low", "close", "volume")
    }


def _touch(table: Table, profile: ImportProfile) -> Columns:
    """Return bid and ask; around a last price where that is all there is."""
    columns = profile.columns
    if "price" not in columns:
        return {name: numbers(table, columns[name], profile.thousands) for name in ("bid", "ask")}
    price, half = numbers(table, columns["price"], profile.thousands), profile.half_spread_bps / 10_000
    return {"bid": price * (1 - half), "ask": price * (1 + half)}


def _quotes(table: Table, profile: ImportProfile) -> Columns:
    sizes = {name: numbers(table, profile.columns[name], profile.thousands) for name in ("bid_size", "ask_size")}
    return {**_touch(table, profile), **sizes}


def _trades(table: Table, profile: ImportProfile) -> Columns:
    columns = {name: numbers(table, profile.columns[name], profile.thousands) for name in ("price", "size")}
    return {**columns, "buyer_took": flags(table, profile.columns["buyer_took"])}


def _funding(table: Table, profile: ImportProfile) -> Columns:
    columns, rows = profile.columns, len(table.lines)
    following = np.zeros(rows, dtype=np.int64)
    if "next_ts" in columns:
        following = times(table, columns["next_ts"], profile.time_unit, profile.clock)
    return {
        "rate": numbers(table, columns["rate"], profile.thousands),
        "settled": flags(table, columns.get("settled", "=1")),
        "next_ts": following,
    }


def _repeated(table: Table, columns: Columns, profile: ImportProfile) -> tuple[Table, Columns]:
    """Return every row several times, later by the profile's step each time."""
    copies = {name: np.repeat(column, profile.repeat) for name, column in columns.items()}
    steps = np.tile(np.arange(profile.repeat, dtype=np.int64) * profile.repeat_every_ns, len(table.lines))
    for name in ("ts", "recv_ts"):
        if name in copies:
            copies[name] = copies[name] + steps
    lines = [line for line in table.lines for _ in range(profile.repeat)]
    return Table(table.path, lines, {}), copies


_MAKERS: dict[str, Callable[[Table, ImportProfile], Columns]] = {
    "bars": _bars,
    "quotes": _quotes,
    "fx": _touch,
    "trades": _trades,
    "funding": _funding,
    "book": book_columns,
}
