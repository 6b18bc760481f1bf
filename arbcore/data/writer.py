"""Writes data sets: a folder appears whole and checked, or not at all."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

from msgspec.structs import replace

from arbcore.data._folder import keep_files, replaceable, swap
from arbcore.data._parts import KindRows
from arbcore.data.checks import TEXTS
from arbcore.data.dataset import RATES, DatasetInfo, KindInfo, content_hash, dataset_folder, write_info
from arbcore.data.kinds import kind_of
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument


class DatasetWriter:
    """Writes one data set. A context manager: leaving it normally closes, leaving it by an error discards.

    Rows are checked as they come: not a finite number, a price that is not positive, a negative size, a bid above
    its ask, bars and books that contradict themselves, times outside 2009 to 2100 or going back. Kinds that the data
    set already has and that this writer does not write are kept.

    Args:
        root: Folder of all data sets.
        venue: Label of the venue, ``rates`` for a conversion rate.
        symbol: The venue's own name of the market, or the name of the rate.
        instrument: The market; needed before a backtest can use the rows.
        rate: Name of the conversion rate, for example ``usdt_krw``; empty for markets.
        source: Where the rows come from.
        clock: Clock of the times as the source had them; rows are always given in UTC.
        notes: Conventions that reports must state.
        repair: Drop rows that fail a check and count them in the notes, instead of refusing them.

    Raises:
        DataError: The names contradict each other.
    """

    def __init__(  # noqa: PLR0913 - what a data set states about itself
        self,
        root: Path | str,
        *,
        venue: str,
        symbol: str = "",
        instrument: Instrument | None = None,
        rate: str = "",
        source: str,
        clock: str = "UTC",
        notes: Iterable[str] = (),
        repair: bool = False,
    ) -> None:
        rate = rate or (symbol if venue == RATES else "")
        self._info: Final = DatasetInfo(
            venue=venue, symbol=symbol or rate, instrument=instrument, rate=rate, source=source, clock=clock, kinds={}
        )
        _agree(self._info)
        self._folder: Final = dataset_folder(Path(root), venue, self._info.symbol)
        self._notes: Final = tuple(notes)
        self._repair: Final = repair
        self._work: Path | None = None
        self._rows: Final[dict[str, KindRows]] = {}
        self._closed: DatasetInfo | None = None
        self._failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is None:
            self.close()
        else:
            self._discard()

    def append(self, kind: str, columns: Mapping[str, Any], interval_ns: int = 0) -> None:
        """Take rows of a kind, in the order of their receive time (bars: of their opening time).

        Args:
            kind: ``quotes``, ``book``, ``trades``, ``marks``, ``funding``, ``breaks``, ``fx`` or ``bars``.
            columns: Every column of the kind as an array or list, optional ones always or never; times as whole UTC
                nanoseconds.
            interval_ns: Length of a bar; 0 for other kinds.

        Raises:
            DataError: A column is missing, unknown or of a wrong type, or a row fails a check; the message names row
                and column. The writer then takes nothing more, and the folder is as it was.
        """
        if self._closed or self._failed:
            what = "an earlier call failed" if self._failed else "the data set is closed"
            raise DataError(f"{self._info.key}: {what}", fix="open a new writer")
        try:
            self._kind_rows(kind, columns, interval_ns).add(columns)
        except BaseException:
            self._failed = True
            self._discard()
            raise

    def close(self) -> DatasetInfo:
        """Write what is left, put the data set in place of an older one, and return its description.

        Raises:
            DataError: No row was written, the disk refuses, or what lies in the folder can't be replaced.
        """
        if self._failed:
            raise DataError(
                f"{self._info.key}: an earlier call failed, so nothing was written", fix="open a new writer"
            )
        if self._closed is None:
            self._failed = True
            try:
                self._closed = self._publish()
            except OSError as error:
                raise DataError(
                    f"{self._folder} can't be written: {error}", fix="make room, or choose another folder"
                ) from error
            finally:
                self._discard()
            self._failed = False
        return self._closed

    def _kind_rows(self, name: str, columns: Mapping[str, Any], interval_ns: int) -> KindRows:
        kind = kind_of(name, columns)
        if (name == "fx") != bool(self._info.rate):
            raise DataError(f"{self._info.key}: {name} rows don't belong here", fix="fx rows are those of a rate")
        if (name == "bars") != (interval_ns > 0):
            raise DataError(
                f"{self._info.key} {name}: interval_ns is {interval_ns}", fix="give it for bars, and only there"
            )
        rows = self._rows.get(name)
        if rows is None:
            rows = KindRows(self._info.key, self._start(), kind, interval_ns, repair=self._repair)
            self._rows[name] = rows
        elif (rows.kind, rows.interval_ns) != (kind, interval_ns):
            raise DataError(f"{self._info.key} {name}: the rows changed their columns or interval")
        return rows

    def _start(self) -> Path:
        """Return the folder in which the new data set grows, unseen by readers because of its dot."""
        if self._work is None:
            replaceable(self._folder)
            try:
                self._folder.parent.mkdir(parents=True, exist_ok=True)
                self._work = Path(tempfile.mkdtemp(prefix=f".{self._folder.name}.", dir=self._folder.parent))
                (self._work / "new").mkdir()
            except OSError as error:
                raise DataError(f"{self._folder} can't be made: {error}", fix="choose another folder") from error
        return self._work / "new"

    def _publish(self) -> DatasetInfo:
        described = {name: self._described(rows) for name, rows in self._rows.items()}
        written = {name: kind for name, kind in described.items() if kind.rows}
        if not written:
            raise DataError(f"{self._info.key}: no row was written", fix="look at the source and at what was dropped")
        new = self._start()
        info = self._merged(written, new)
        write_info(new, info)
        swap(new, self._folder)
        return replace(info, folder=str(self._folder))

    def _described(self, rows: KindRows) -> KindInfo:
        dropped = "; ".join(f"{count} ({TEXTS[check]})" for check, count in sorted(rows.dropped.items()))
        notes = (*self._notes, f"repair dropped {rows.kind.name} rows: {dropped}") if dropped else self._notes
        return replace(rows.finish(), source=self._info.source, clock=self._info.clock, notes=notes)

    def _merged(self, written: dict[str, KindInfo], new: Path) -> DatasetInfo:
        """Return the description with the kinds that are kept, whose files it links into the new folder."""
        old = replaceable(self._folder)
        kept = {name: kind for name, kind in old.kinds.items() if name not in written} if old else {}
        instrument = self._info.instrument
        if old and kept:
            instrument = instrument or old.instrument
            if old.instrument not in {None, instrument}:
                raise DataError(
                    f"{self._folder} holds {', '.join(kept)} of another description of {self._info.key}",
                    fix="write all its kinds again, or write to another folder",
                )
            keep_files(kept, self._folder, new)
        kinds = dict(sorted((kept | written).items()))
        info = replace(
            self._info,
            instrument=instrument,
            source="; ".join(dict.fromkeys(kind.source for kind in kinds.values())),
            clock="; ".join(dict.fromkeys(kind.clock for kind in kinds.values())),
            notes=tuple(dict.fromkeys(note for kind in kinds.values() for note in kind.notes)),
            kinds=kinds,
            spool=old.spool if old and kept else 0,
        )
        return replace(info, hash=content_hash(info))

    def _discard(self) -> None:
        self._rows.clear()
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
            self._work = None


def _agree(info: DatasetInfo) -> None:
    if bool(info.rate) != (info.venue == RATES) or (info.rate and info.rate != info.symbol):
        raise DataError(f"{info.key}: a conversion rate is written as venue {RATES!r} under its own name")
    instrument = info.instrument
    if instrument is not None and instrument.key != info.key:
        raise DataError(
            f"the data set {info.key} can't hold the instrument {instrument.key}", fix="give both the same names"
        )
