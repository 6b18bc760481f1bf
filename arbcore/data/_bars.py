"""Bars as market data: a touch at the open that fills, a touch at the close that decides, and nothing across a gap."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from arbcore.data._frames import Columns, np
from arbcore.errors import ConfigurationError, DataError
from arbcore.model.market import BookInvalid, ClosingQuote, MarketInput, OpeningQuote
from arbcore.model.reason import Reason


class BarRule(Struct, frozen=True):
    """What bars don't say: how wide and how deep the touch was.

    Attributes:
        half_spread_bps: Half of the spread in basis points of the price, by exchange id.
        depth_share: Share of a bar's volume that is offered at the touch, from 0 to 1.
    """

    half_spread_bps: dict[str, float] = {}
    depth_share: float = 0.1

    def __post_init__(self) -> None:
        """Refuse numbers without a meaning.

        Raises:
            ConfigurationError: A half-spread is outside 0 to 5000 bps, or the share outside 0 to 1.
        """
        for venue, value in self.half_spread_bps.items():
            if not 0 <= value <= 5000:
                raise ConfigurationError(
                    f"backtest.half_spread_bps.{venue} is {value}", fix="give basis points of the price, 0 to 5000"
                )
        if not 0 <= self.depth_share <= 1:
            raise ConfigurationError(f"backtest.bar_depth_share is {self.depth_share}", fix="give a share, 0 to 1")

    def half_spread(self, venue: str) -> float:
        """Return the half-spread of an exchange as a fraction of the price.

        Raises:
            DataError: None is configured.
        """
        if venue not in self.half_spread_bps:
            raise DataError(
                f"{venue} has bars, which carry no spread, and none is configured",
                fix=f"set backtest.half_spread_bps.{venue} to half of the usual spread in basis points",
            )
        return self.half_spread_bps[venue] / 1e4


class BarShape(Struct, frozen=True):
    """How the bars of one instrument become quotes: key, length, half-spread as a fraction, share of the volume."""

    instrument: str
    interval_ns: int
    half_spread: float
    depth_share: float


def closings(bars: Iterable[Columns], shape: BarShape) -> Iterator[Columns]:
    """Yield touches at the closes, with ``gap`` where no bar follows at once."""
    for rows in _linked(bars, shape.interval_ns):
        yield {"ts": rows["ts"] + shape.interval_ns, **_touch(rows["close"], rows["volume"], shape), "gap": rows["gap"]}


def openings(bars: Iterable[Columns], shape: BarShape) -> Iterator[Columns]:
    """Yield touches at the opens of the bars that follow another at once; only those can fill anything."""
    for rows in _linked(bars, shape.interval_ns):
        follows = rows["before"] >= 0
        if follows.any():
            yield {"ts": rows["ts"][follows], **_touch(rows["open"][follows], rows["before"][follows], shape)}


def closing_inputs(key: str, rows: Columns) -> list[MarketInput]:
    """Return the inputs for touches at closes: what was decided before a gap could not be filled, so nothing is."""
    names = ("ts", "bid", "ask", "size", "gap")
    return [
        BookInvalid(key, ts, ts, _GAP) if gap else ClosingQuote(key, ts, ts, bid, ask, size, size)
        for ts, bid, ask, size, gap in zip(*(rows[name].tolist() for name in names), strict=True)
    ]


def opening_inputs(key: str, rows: Columns) -> list[MarketInput]:
    """Return the inputs for touches at opens."""
    names = ("ts", "bid", "ask", "size")
    return [
        OpeningQuote(key, ts, ts, bid, ask, size, size)
        for ts, bid, ask, size in zip(*(rows[name].tolist() for name in names), strict=True)
    ]


_GAP: Final = Reason.DATA_GAP.value


def _touch(price: object, volume: object, shape: BarShape) -> Columns:
    middle, traded = np.asarray(price), np.asarray(volume)
    return {
        "bid": middle * (1.0 - shape.half_spread),
        "ask": middle * (1.0 + shape.half_spread),
        "size": traded * shape.depth_share,
    }


def _linked(bars: Iterable[Columns], interval_ns: int) -> Iterator[Columns]:
    """Add ``before``, the volume of the bar right before or -1, and ``gap``, whether no bar follows at once.

    The last bar of each piece waits for the next piece, which tells what follows it.
    """
    held: Columns | None = None
    for piece in bars:
        rows = _with_before(piece, held, interval_ns)
        if held is not None:
            rows = {name: np.concatenate([held[name], column]) for name, column in rows.items()}
        gap = np.diff(rows["ts"]) != interval_ns
        yield {name: column[:-1] for name, column in rows.items()} | {"gap": gap}
        held = {name: column[-1:] for name, column in rows.items()}
    if held is not None:
        yield held | {"gap": np.ones(1, dtype=np.bool_)}


def _with_before(piece: Columns, held: Columns | None, interval_ns: int) -> Columns:
    ts, volume = piece["ts"], piece["volume"]
    last_ts = held["ts"] if held is not None else np.zeros(1, dtype=np.int64)
    last_volume = held["volume"] if held is not None else np.zeros(1)
    follows = ts == np.concatenate([last_ts, ts[:-1]]) + interval_ns
    return piece | {"before": np.where(follows, np.concatenate([last_volume, volume[:-1]]), -1.0)}
