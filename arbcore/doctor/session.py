"""What is checked on this machine alone: config, consents, disk, journal."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import anyio

from arbcore.config import Config, describe
from arbcore.doctor.rows import FAIL, OK, WARN
from arbcore.journal.chain import verify
from arbcore.pipeline import Pipeline
from arbcore.ports.control import Check
from arbcore.ports.journal import Durable, Journal, Survival

_MIB: Final = 2**20
LEAST_FREE: Final = 200 * _MIB
"""Free space below which a session's folder is refused: a journal that can't be written ends the session."""
AMPLE_FREE: Final = 2048 * _MIB
"""Free space below which it is warned: about what two days of recorded market data take."""

_SURVIVED: Final[dict[Survival, str]] = {
    "nothing": "nothing until they are written together",
    "process": "the end of the process, kill -9 included, and not the loss of power",
    "power": "the loss of power: each is synced before it is acted on",
}


def free_bytes(path: Path) -> int:
    """Return the free space of the file system that holds a path."""
    return shutil.disk_usage(path).free


def check_config(config: Config) -> Sequence[Check]:
    """Tell what the config's own checks warned of."""
    if not config.warnings:
        return (Check(name="config", status=OK, detail=f"loads; hash {config.hash[:12]}"),)
    return [
        Check(name="config", status=WARN, detail=describe(finding, config.raw).strip().split("\n")[0], fix=finding.fix)
        for finding in config.warnings
    ]


def check_consents(config: Config) -> Sequence[Check]:
    """Tell what both consents to real orders say. A config that asks for live without the first does not load."""
    session, enabled = config.session, config.live.enabled
    if session.mode == "live":
        seen = f"both consents are given: real orders in {session.environment}"
        return (Check(name="consents", status=OK, detail=seen),)
    given = "the first consent (live.enabled) is given, the second is not" if enabled else "neither consent is given"
    return (Check(name="consents", status=OK, detail=f"mode {session.mode}: no order leaves; {given}"),)


def check_disk(folder: Path, free: Callable[[Path], int] = free_bytes) -> Sequence[Check]:
    """Check the space where a session keeps journal and recording.

    Args:
        folder: The session's folder, which need not exist.
        free: Tells the free space of a folder that exists.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    left = free(there)
    seen = f"{left / _MIB:,.0f} MiB free for {folder}"
    if left >= AMPLE_FREE:
        return (Check(name="disk", status=OK, detail=seen),)
    fix = f"free at least {AMPLE_FREE // _MIB:,} MiB, or run with session.record: false"
    return (Check(name="disk", status=FAIL if left < LEAST_FREE else WARN, detail=seen, fix=fix),)


async def check_journal(pipeline: Pipeline) -> Sequence[Check]:
    """Read the journal of the session, if there is one, without its lease.

    Raises:
        ArbcoreError: It can't be opened or read.
    """
    if pipeline.config.journal is None:
        fix = "add the section journal: {use: ...}"
        return (Check(name="journal", status=WARN, detail="none: nothing keeps the events", fix=fix),)
    place = Path(pipeline.journal().location())
    if not await anyio.Path(place).exists():
        return (Check(name="journal", status=OK, detail=f"new: {place}"),)
    async with pipeline.journal_reader(place) as journal:
        return (_read(journal, place),)


def check_durability(pipeline: Pipeline) -> Sequence[Check]:
    """Tell what stored events survive, in the mode of the session; nothing where its journal does not tell."""
    journal: object = pipeline.journal() if pipeline.config.journal is not None else None
    if not isinstance(journal, Durable):
        return ()
    survives, live = journal.survives(), pipeline.mode == "live"
    detail, fix = f"stored events survive {_SURVIVED[survives]}", ""
    status = OK
    if survives == "nothing":
        status = FAIL if live else WARN
        fix = "let the journal store at once: what a killed session did could not be gone on with"
    elif survives == "process" and live:
        status = WARN
        fix = "journal.durability: power, or after a loss of power orders may be found that the journal does not know"
    return (Check(name="durability", status=status, detail=detail, fix=fix),)


def _read(journal: Journal, place: Path) -> Check:
    report = verify(journal.read())
    if not report.ok:
        seen = f"{place}: event {report.bad} is broken: {report.problem}"
        fix = "keep a copy; `arb journal verify` tells more. A new session puts it aside" + (
            ", and its last write was interrupted" if report.torn else ""
        )
        return Check(name="journal", status=FAIL, detail=seen, fix=fix)
    writer = journal.writer()
    if writer:
        seen = f"{report.events:,} events, chain whole; in use: {writer}"
        return Check(name="journal", status=WARN, detail=seen, fix="stop that session before another one of its name")
    return Check(name="journal", status=OK, detail=f"{report.events:,} events of an earlier run, chain whole; free")
