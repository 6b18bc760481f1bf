"""Opens data sets as one stream of inputs."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from arbcore.data._bars import BarRule, BarShape
from arbcore.data._merge import merge
from arbcore.data._rows import RowReader
from arbcore.data._streams import BarStream, Stream, row_stream
from arbcore.data.dataset import RATES, DatasetInfo, find_datasets
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument
from arbcore.model.market import MarketInput

__all__ = ["BarRule", "DataSource", "open_source"]

_NO_BARS: Final = BarRule()


class _Ranked(NamedTuple):
    """A stream with what places it among others at the same time: phase, venue, symbol, kind."""

    rank: tuple[int, str, str, str]
    stream: Stream


class DataSource:
    """Recorded market data as one ordered stream.

    Inputs come by receive time; at the same time conversion rates first, then everything but openings, then openings;
    within that by venue, symbol, kind and row.

    Attributes:
        instruments: The instruments that have rows, under the ids of their exchanges, sorted by key.
        rates: Names of the conversion rates that have rows, sorted.
        hash: SHA-256 over the content of the data sets used, their names here and the range.
        notes: Conventions that a report must state.
        rows: Rows in the files that are read, for progress: a bar gives up to two inputs, and limits cut files.
    """

    def __init__(
        self,
        instruments: tuple[Instrument, ...],
        rates: tuple[str, ...],
        content: str,
        notes: tuple[str, ...],
        rows: int,
        streams: tuple[Stream, ...],
        chunk_rows: int,
    ) -> None:
        self.instruments: Final = instruments
        self.rates: Final = rates
        self.hash: Final = content
        self.notes: Final = notes
        self.rows: Final = rows
        self._streams = streams
        self._chunk_rows = chunk_rows

    def chunks(self) -> Iterator[list[MarketInput]]:
        """Yield all inputs from the start, in lists of at most the chunk's rows (more only where times are equal).

        Raises:
            DataError: A file is missing, damaged, not as described, or goes back in time.
        """
        return merge(self._streams, self._chunk_rows)


def open_source(
    root: Path | str,
    *,
    venues: Mapping[str, str] | None = None,
    instruments: Collection[str] | None = None,
    rates: Collection[str] | None = None,
    bars: BarRule = _NO_BARS,
    start: int | None = None,
    end: int | None = None,
    chunk_rows: int = 50_000,
) -> DataSource:
    """Open the data sets of a folder; rows are read only by `DataSource.chunks`.

    Args:
        root: Folder of the data sets.
        venues: Exchange id by venue label; only these venues are read. None reads all under their labels.
        instruments: Keys of the instruments wanted, with exchange ids; None for all.
        rates: Names of the conversion rates wanted; None for all.
        bars: Spread and depth of bars.
        start: Earliest receive time, inclusive; bars: the earliest opening.
        end: Time before which rows are received; bars: the latest close, inclusive. It counts as a gap.
        chunk_rows: Inputs in one list, at most.

    Returns:
        The source.

    Raises:
        DataError: The folder or something wanted is missing, a market has no instrument or comes twice, a file can't
            be read, or bars have no half-spread.
    """
    wanted = _wanted(Path(root), venues, instruments, rates)
    opened = [_open(name, info, bars, start, end) for name, info in sorted(wanted.items())]
    ranked = sorted((entry for streams, _, _ in opened for entry in streams), key=lambda entry: entry.rank)
    found = [_renamed(name, info) for name, info in sorted(wanted.items()) if not info.rate]
    identity = [(name, info.hash) for name, info in sorted(wanted.items())]
    content = hashlib.sha256(msgspec.json.encode((identity, start, end)))
    return DataSource(
        instruments=tuple(found),
        rates=tuple(sorted(info.rate for info in wanted.values() if info.rate)),
        content=content.hexdigest(),
        notes=tuple(dict.fromkeys(note for _, notes, _ in opened for note in notes)),
        rows=sum(rows for _, _, rows in opened),
        streams=tuple(entry.stream for entry in ranked),
        chunk_rows=chunk_rows,
    )


def _wanted(
    root: Path,
    venues: Mapping[str, str] | None,
    instruments: Collection[str] | None,
    rates: Collection[str] | None,
) -> dict[str, DatasetInfo]:
    """Return the data sets to read by instrument key or ``rates:name``, each once."""
    found: dict[str, DatasetInfo] = {}
    known = []
    for info in find_datasets(root):
        venue = info.venue if venues is None or info.rate else venues.get(info.venue, "")
        name = f"{venue}:{info.symbol}"
        known.append(info.key)
        listed = rates if info.rate else instruments
        if not venue or (listed is not None and (info.rate or name) not in listed):
            continue
        if name in found:
            raise DataError(f"{found[name].folder} and {info.folder} both hold {name}", fix="move one of them away")
        found[name] = info
    missing = sorted({*(instruments or ()), *(f"{RATES}:{rate}" for rate in rates or ())} - found.keys())
    if missing or not found:
        raise DataError(
            f"the folder {root} holds no data set of {', '.join(missing) or 'these exchanges'}; "
            f"it holds {', '.join(known) or 'none'}",
            fix="make data with `arb data generate` or `arb data import`, or name another folder",
        )
    return found


def _open(
    name: str, info: DatasetInfo, rule: BarRule, start: int | None, end: int | None
) -> tuple[list[_Ranked], list[str], int]:
    """Return the streams of a data set, what a report must say about it, and its rows."""
    venue, symbol = name.split(":", 1)
    notes = [f"{name}: {note}" for note in info.notes]
    kinds = sorted(info.kinds)
    if "bars" in kinds and not {"quotes", "book"}.isdisjoint(kinds):
        kinds.remove("bars")
        notes.append(f"{name}: its bars are not used, because it has quotes or books")
    streams, rows = [], 0
    for kind in kinds:
        reader = RowReader(info, kind, start, end)
        rows += reader.rows
        if kind == "bars":
            shape = BarShape(name, reader.info.interval_ns, rule.half_spread(venue), rule.depth_share)
            streams += [
                _Ranked((2 if opens else 1, venue, symbol, kind), BarStream(reader, shape, opens=opens))
                for opens in (False, True)
            ]
            notes.append(_bar_note(name, shape))
        else:
            stream = row_stream(reader, info.rate or name, info.source)
            streams.append(_Ranked((0 if info.rate else 1, venue, symbol, kind), stream))
    return streams, notes, rows


def _bar_note(name: str, shape: BarShape) -> str:
    return (
        f"{name}: bars of {shape.interval_ns / 60e9:g} min carry no touch; half-spread {shape.half_spread * 1e4:g} bps "
        f"from the config, {shape.depth_share:.0%} of a bar's volume at the touch; nothing is decided before a gap"
    )


def _renamed(name: str, info: DatasetInfo) -> Instrument:
    """Return the instrument under the id of its exchange."""
    if info.instrument is None:
        raise DataError(
            f"{info.folder} does not say which instrument {info.key} is, so nothing can be traded on it",
            fix="import it again with an exchange plugin or an instrument",
        )
    return msgspec.structs.replace(info.instrument, venue=name.split(":", 1)[0])
