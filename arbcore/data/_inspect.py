"""Looks at the rows of one kind, piece by piece."""

from typing import Final

from msgspec import Struct

from arbcore.data._frames import Columns, Flags, Floats, Ints, np
from arbcore.data._raw import RawPiece
from arbcore.data._tally import Tally, Verdict
from arbcore.data.checks import TEXTS, duplicates, order_fault, row_faults
from arbcore.data.instant import DAY_NS, SECOND_NS, iso
from arbcore.data.kinds import Kind
from arbcore.model.instrument import Instrument

JUMP: Final = 9.0
"""Two prices in a row that differ by this factor are a mistake of units."""
OFF_GRID: Final = 1e-4
"""Part of a tick by which a price may miss the grid."""
ZONE_STEP_NS: Final = 1800 * SECOND_NS
"""Time zones differ by multiples of half an hour."""
ZONE_MOST_NS: Final = 14 * 3600 * SECOND_NS
ZONE_SLACK_NS: Final = 60 * SECOND_NS


class Limits(Struct, frozen=True):
    """What is usual, and how bad it is where rows are not what the writer takes.

    Attributes:
        gap_ns: Time between rows; bars: their interval.
        tolerance_ns: Receipt before the venue's own time.
        faults: Verdict on rows that fail a check; a warning where rows were recorded as they came.
    """

    gap_ns: int
    tolerance_ns: int
    faults: Verdict = "error"


class Inspection:
    """Checks rows as they come and counts what is wrong or unlikely.

    Args:
        kind: Kind of the rows.
        interval_ns: Length of a bar, 0 for other kinds.
        instrument: Whose grid the prices should lie on; None for rates.
        limits: What is usual.
        tally: Where findings are counted.
    """

    def __init__(
        self, kind: Kind, interval_ns: int, instrument: Instrument | None, limits: Limits, tally: Tally
    ) -> None:
        self.prices: Final[dict[int, float]] = {}
        """First good price of each UTC day, counted from 1970."""
        self._kind = kind
        self._interval_ns = interval_ns
        self._instrument = instrument
        self._limits = limits
        self._tally = tally
        self._piece = RawPiece("", 0, {})
        self._latest = 0
        self._last: Columns = {}

    def add(self, piece: RawPiece) -> None:
        """Check the next rows."""
        self._piece = piece
        rows = piece.rows
        wild: Flags = np.zeros(len(rows[self._kind.clock]), dtype=np.bool_)
        for fault in row_faults(self._kind, rows):
            self._count(fault.check, self._limits.faults, rows, fault.rows, f"{fault.column}: {TEXTS[fault.check]}")
            if fault.check == "time":
                wild |= fault.rows
        kept = np.flatnonzero(~wild)
        rows = {name: column[kept] for name, column in rows.items()}
        late = order_fault(self._kind, rows, self._latest, self._interval_ns)
        if late:
            self._count(late.check, "error", rows, late.rows, f"{late.column}: {TEXTS[late.check]}", kept)
        if len(kept):
            self._neighbours(rows, kept)
            self._single(rows, kept)
            self._latest = max(self._latest, int(rows[self._kind.clock].max()))
            self._last = {name: column[-1:] for name, column in rows.items()}

    def _neighbours(self, rows: Columns, kept: Ints) -> None:
        """Compare every row with the one before it."""
        if self._last:
            rows = {name: np.concatenate([self._last[name], column]) for name, column in rows.items()}
        else:
            kept = kept[1:]
        clock = rows[self._kind.clock]
        after = {name: column[1:] for name, column in rows.items()}
        steps = np.diff(clock)
        gaps = steps > self._limits.gap_ns
        if gaps.any():
            index = int(np.argmax(gaps))
            example = f"{iso(int(clock[index]))} to {iso(int(clock[index + 1]))}"
            self._tally.add("gap", "warning", f"nothing from {example}", int(np.count_nonzero(gaps)))
        same = duplicates(self._kind, after, {name: column[:1] for name, column in rows.items()})
        self._count("duplicate", "warning", after, same, TEXTS["duplicate"], kept)
        price = self._middle(rows)
        if price is not None:
            with np.errstate(all="ignore"):
                ratio = price[1:] / price[:-1]
            jump = (ratio >= JUMP) | ((ratio <= 1 / JUMP) & (ratio > 0))
            self._count(
                "units", self._limits.faults, after, jump, f"the price jumps by a factor of {JUMP:g} or more", kept
            )

    def _single(self, rows: Columns, kept: Ints) -> None:
        """Look at every row by itself for what is possible and unlikely."""
        if self._kind.touch and self._kind.name != "fx":
            bid, ask = (rows[name] for name in self._kind.touch)
            self._count("locked", "warning", rows, (bid == ask) & (bid > 0), "bid equals ask", kept)
        if self._kind.clock == "recv_ts":
            self._clocks(rows, kept)
        price = self._middle(rows)
        if price is not None:
            good = np.isfinite(price) & (price > 0)
            days, first = np.unique(rows[self._kind.clock][good] // DAY_NS, return_index=True)
            for day, value in zip(days.tolist(), price[good][first].tolist(), strict=True):
                self.prices.setdefault(day, value)
        if "bids" in rows:
            deepest = np.maximum(rows["bids"], rows["asks"])
            self._count("cut", "warning", rows, deepest > self._kind.levels, "deeper levels were not kept", kept)
        # Venues don't round mark prices to the tick.
        if self._instrument is not None and self._kind.reference_price and self._kind.name != "marks":
            off = _off_grid(self._instrument, rows[self._kind.reference_price])
            column = self._kind.reference_price
            self._count("grid", "warning", rows, off, f"{column} is off the instrument's tick", kept)

    def _clocks(self, rows: Columns, kept: Ints) -> None:
        if "settled" in rows:  # an estimate carries the time of the settlement that it foretells
            paid = np.flatnonzero(rows["settled"])
            rows, kept = {name: column[paid] for name, column in rows.items()}, kept[paid]
            if not len(paid):
                return
        delay = rows["recv_ts"] - rows["ts"]
        early = delay < -self._limits.tolerance_ns
        self._count("clock", "warning", rows, early, "received before the venue's own time", kept)
        usual = int(np.median(delay))
        nearest = round(usual / ZONE_STEP_NS) * ZONE_STEP_NS
        if nearest and abs(usual - nearest) <= ZONE_SLACK_NS and abs(nearest) <= ZONE_MOST_NS:
            text = f"receive times differ from the venue's by {nearest / 3600e9:+g} h: a time zone?"
            self._tally.add("zone", "error" if nearest < 0 else "warning", text, len(delay))

    def _middle(self, rows: Columns) -> Floats | None:
        if self._kind.touch and self._kind.name != "book":
            return (rows[self._kind.touch[0]] + rows[self._kind.touch[1]]) / 2
        return rows[self._kind.reference_price] if self._kind.reference_price else None

    def _count(
        self, check: str, verdict: Verdict, rows: Columns, found: Flags, text: str, kept: Ints | None = None
    ) -> None:
        """Count rows that were found; ``kept`` gives their places in the piece where rows were left out before."""
        if not found.any():
            return
        index = int(np.argmax(found))
        place = self._piece.offset + (index if kept is None else int(kept[index]))
        when = iso(int(rows[self._kind.clock][index]))
        first = f"{self._piece.file} row {place} ({when}): {text}"
        self._tally.add(check, verdict, first, int(np.count_nonzero(found)))


def _off_grid(instrument: Instrument, prices: Floats) -> Flags:
    floors = np.array([float(band.floor) for band in instrument.ticks.bands])
    ticks = np.array([float(band.tick) for band in instrument.ticks.bands])
    band = np.maximum(np.searchsorted(floors, prices, side="right") - 1, 0)
    with np.errstate(all="ignore"):
        steps = prices / ticks[band]
        off: Flags = np.abs(steps - np.round(steps)) > OFF_GRID
    return off
