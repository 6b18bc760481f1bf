"""Runs profiles: files in, data sets out. All of them appear, or none does."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from operator import eq
from pathlib import Path

from arbcore.data._frames import Columns
from arbcore.data.dataset import RATES, DatasetInfo
from arbcore.data.existing import refuse_replacing
from arbcore.data.imports.mapping import Rows, check_profile, parse
from arbcore.data.imports.recipe import source_files
from arbcore.data.imports.rows import RowChecks
from arbcore.data.writer import DatasetWriter
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument
from arbcore.ports.control import ImportProfile

InstrumentLookup = Callable[[ImportProfile], Instrument | None]
"""Finds the instrument of a profile that does not carry it; None where there is none."""


def run_imports(
    profiles: Sequence[ImportProfile],
    sources: Sequence[Path],
    out: Path,
    lookup: InstrumentLookup,
    *,
    repair: bool = False,
    replace: bool = False,
) -> list[DatasetInfo]:
    """Import files into data sets.

    Memory is flat, except with ``repair`` and with profiles that skip empty cells: these hold the rows of one profile.

    Args:
        profiles: What to import, in order; several may fill kinds of one data set.
        sources: Files, or folders in which the profiles' patterns are looked for.
        out: Folder of all data sets.
        lookup: Finds instruments.
        repair: Sort rows, and drop those that fail a check, counted in the notes, instead of refusing them.
        replace: Replace rows of the same kind that came from elsewhere; those of the same files always are.

    Returns:
        The descriptions of the data sets, each once.

    Raises:
        DataError: A file or a row is refused; no data set of this call is then written. Or the disk refuses.
    """
    plans = [(profile, source_files(profile, sources, alone=len(profiles) == 1)) for profile in profiles]
    targets = Counter((*_target(profile), profile.kind) for profile in profiles)
    for profile, files in plans:
        check_profile(profile)
        target = (*_target(profile), profile.kind)
        if targets[target] > 1:
            raise DataError(f"several imports make the {profile.kind} of {target[0]}:{target[1]}", "keep one of them")
        if not replace:
            refuse_replacing(out, *target, mine=partial(eq, _source(profile, files)))
    with ExitStack() as stack:
        writers = [stack.enter_context(_filled(profile, files, out, lookup, repair)) for profile, files in plans]
        infos = [writer.close() for writer in writers]
    return list({info.key: info for info in infos}.values())


def columns_of(profile: ImportProfile, files: Iterable[Path], checks: RowChecks) -> Iterator[Columns]:
    """Yield the checked columns of files, in the order of the files.

    Raises:
        DataError: A file can't be read or a row is refused.
    """

    def rows() -> Iterator[Rows]:
        for path in files:
            yield from parse(profile, path)

    return checks.run(rows())


def _filled(
    profile: ImportProfile, files: Sequence[Path], out: Path, lookup: InstrumentLookup, repair: bool
) -> DatasetWriter:
    """Return a writer that holds all rows of a profile and has published none."""
    checks = RowChecks(profile, repair)
    chunks: Iterable[Columns] = columns_of(profile, files, checks)
    if repair or profile.skip_empty:
        chunks = list(chunks)
    writer = _writer(profile, files, out, lookup, checks.dropped)
    with ExitStack() as stack:
        stack.push(writer.__exit__)
        for columns in chunks:
            writer.append(profile.kind, columns, profile.interval_ns)
        stack.pop_all()
    return writer


def _writer(
    profile: ImportProfile, files: Sequence[Path], out: Path, lookup: InstrumentLookup, dropped: Counter[str]
) -> DatasetWriter:
    venue, symbol = _target(profile)
    left_out = [f"{profile.kind}: {count} rows left out: {reason}" for reason, count in sorted(dropped.items())]
    return DatasetWriter(
        out,
        venue=venue,
        symbol=symbol,
        instrument=None if profile.rate else lookup(profile),
        rate=profile.rate,
        source=_source(profile, files),
        clock=_clock(profile),
        notes=[*profile.notes, *left_out],
    )


def _target(profile: ImportProfile) -> tuple[str, str]:
    """Return the venue label and the symbol of the data set that a profile fills."""
    if profile.rate:
        if profile.venue not in {"", RATES} or profile.symbol:
            raise DataError(f"profile {profile.name}: a rate has no venue and no symbol", "name the one or the others")
        return RATES, profile.rate
    if not profile.venue or not profile.symbol:
        raise DataError(
            f"profile {profile.name}: what do the files describe?",
            "name --venue and --symbol of the market, or --rate (venue:, symbol:, rate: in a recipe)",
        )
    return profile.venue, profile.symbol


def _source(profile: ImportProfile, files: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return f"{profile.source}: {names}" if profile.source else names


def _clock(profile: ImportProfile) -> str:
    clock = profile.clock or ("stated in the times" if profile.time_unit == "text" else "UTC")
    shift = profile.receive_shift_ns
    return f"{clock}, receiver's clock corrected by {shift / 1e9:+g} s" if shift else clock
