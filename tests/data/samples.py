"""Small data sets for tests."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from arbcore.data._frames import read_rows, write_rows
from arbcore.data.dataset import DatasetInfo, KindInfo, content_hash, read_info, write_info
from arbcore.data.instant import DAY_NS
from arbcore.data.kinds import kind_of
from arbcore.data.source import DataSource
from arbcore.data.writer import DatasetWriter
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable
from arbcore.model.market import MarketInput

S = 1_000_000_000
T0 = 1_700_006_400 * S
"""2023-11-15T00:00:00Z."""
MINUTE = 60 * S
assert T0 % DAY_NS == 0


def instrument(venue: str = "alpha", symbol: str = "BTC-USDT", quote: str = "USDT", tick: str = "0.5") -> Instrument:
    return Instrument(
        venue=venue,
        symbol=symbol,
        kind=InstrumentKind.SPOT,
        base="BTC",
        quote=quote,
        ticks=TickTable.flat(Decimal(tick)),
        lot=Decimal("0.0001"),
        min_quantity=Decimal("0.0001"),
        min_notional=Decimal(5),
        fees=FeeSchedule(Decimal(0), Decimal("0.0005")),
    )


def quotes(times: list[int], price: float = 100.0) -> dict[str, Any]:
    """Return quotes received at the times, each its own price, so that rows can be told apart."""
    bids = [price + 0.5 * (index % 64) for index in range(len(times))]
    return {
        "ts": [time - 5 for time in times],
        "recv_ts": times,
        "bid": bids,
        "ask": [bid + 0.5 for bid in bids],
        "bid_size": [1.0 + index for index in range(len(times))],
        "ask_size": [2.0 + index for index in range(len(times))],
    }


def bars(opens: list[int], volume: float = 10.0) -> dict[str, Any]:
    count = len(opens)
    return {
        "ts": opens,
        "open": [100.0 + index for index in range(count)],
        "high": [103.0 + index for index in range(count)],
        "low": [99.0 + index for index in range(count)],
        "close": [101.0 + index for index in range(count)],
        "volume": [volume + index for index in range(count)],
    }


def fx(times: list[int], rate: float = 1300.0) -> dict[str, Any]:
    return {"ts": times, "recv_ts": times, "bid": [rate] * len(times), "ask": [rate + 1] * len(times)}


def funding(times: list[int]) -> dict[str, Any]:
    return {
        "ts": times,
        "recv_ts": times,
        "rate": [0.0001] * len(times),
        "settled": [True] * len(times),
        "next_ts": [time + 8 * 3600 * S for time in times],
    }


def write(
    root: Path, kind: str, columns: Mapping[str, Any], venue: str = "alpha", interval_ns: int = 0, **options: Any
) -> DatasetInfo:
    """Write one kind of a market, or of the conversion rate `usdt_krw`."""
    if kind == "fx":
        options = {"venue": "rates", "rate": "usdt_krw", **options}
    else:
        symbol = options.setdefault("symbol", "BTC-USDT")
        options = {"venue": venue, "instrument": instrument(venue, symbol), **options}
    with DatasetWriter(root, source="a test", **options) as writer:
        writer.append(kind, columns, interval_ns=interval_ns)
    return writer.close()


def spoil(info: DatasetInfo, kind: str, **changes: Any) -> None:
    """Replace cells in the first file of a kind (``column={row: value}``), past every check of the writer."""
    path = Path(info.folder) / info.kinds[kind].files[0].name
    rows = stored(info, kind)
    for column, cells in changes.items():
        rows[column] = rows[column].copy()
        for row, value in cells.items():
            rows[column][row] = value
    write_rows(path, rows)


def stored(info: DatasetInfo, kind: str) -> dict[str, Any]:
    """Return the rows of the first file of a kind."""
    path = Path(info.folder) / info.kinds[kind].files[0].name
    names = kind_of(kind, _columns(path)).columns
    return read_rows([path], names)


def _columns(path: Path) -> list[str]:
    from arbcore.data._frames import column_names

    return column_names(path)


def redescribe(info: DatasetInfo, kind: str, **fields: Any) -> DatasetInfo:
    """Change what is stated about a kind, with a description that is valid in itself."""
    changed: KindInfo = replace(read_info(Path(info.folder)).kinds[kind], **fields)
    described = replace(info, kinds={**info.kinds, kind: changed})
    described = replace(described, hash=content_hash(described))
    write_info(Path(info.folder), described)
    return described


def inputs(source: DataSource) -> list[MarketInput]:
    return [item for chunk in source.chunks() for item in chunk]


def files_below(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
