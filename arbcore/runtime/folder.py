"""The folder of a session: where its files lie, and how they are replaced and put aside."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from arbcore.errors import JournalError
from arbcore.model.instrument import Instrument


def session_folder(project: Path, name: str, mode: str, environment: str) -> "SessionFolder":
    """Return the folder of a session: ``sessions/NAME``, or ``sessions/NAME.live.ENVIRONMENT`` for real orders.

    So a live session, and each environment of it, has a journal of its own; no session's name has a dot.

    Args:
        project: The project's folder.
        name: Name of the session.
        mode: Its mode.
        environment: Its environment.
    """
    return SessionFolder(project / "sessions" / (f"{name}.live.{environment}" if mode == "live" else name))


def folders_of(project: Path, name: str) -> list[Path]:
    """Return the folders of a session of any mode and environment that are there, the one last written to first."""
    parent = project / "sessions"
    # Those that were put aside have a time behind their environment.
    live = (path for path in parent.glob(f"{name}.live.*") if "-" not in path.suffix)
    found = [path for path in (parent / name, *live) if path.is_dir()]
    # A running session replaces its statistics in the folder every second.
    return sorted(found, key=lambda path: -path.stat().st_mtime)


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """``sessions/NAME`` of a project, or ``sessions/NAME.live.ENVIRONMENT``.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def recording(self) -> Path:
        """Folder of the recorded market data."""
        return self.path / "recording"

    @property
    def config(self) -> Path:
        """The config with which the session runs, as it was merged; secrets are references there, too."""
        return self.path / "config.yaml"

    @property
    def instruments(self) -> Path:
        """The instruments that the session trades, as the venues listed them."""
        return self.path / "instruments.json"

    @property
    def stats(self) -> Path:
        """The latest statistics of the session."""
        return self.path / "stats.json"

    @property
    def bell(self) -> Path:
        """How a running session is woken: port and token."""
        return self.path / "bell.json"

    def keep_origin(self, config: Mapping[str, Any], instruments: Sequence[Instrument]) -> None:
        """Keep what the session was made of, so that a replay can make it again whatever the project's config says."""
        self.keep(self.config.name, json.dumps(config, indent=2, default=str).encode())
        self.keep(self.instruments.name, msgspec.json.encode(instruments))

    def read_instruments(self) -> tuple[Instrument, ...]:
        """Return the instruments that the session trades.

        Raises:
            JournalError: They were not kept, or the file is damaged.
        """
        try:
            return msgspec.json.decode(self.instruments.read_bytes(), type=tuple[Instrument, ...])
        except (OSError, msgspec.MsgspecError) as error:
            raise JournalError(
                f"{self.instruments}: {error}", "a session keeps it beside its journal; name the folder of a session"
            ) from error

    def keep(self, name: str, content: bytes) -> None:
        """Write a file so that readers see the old or the new one, never a part."""
        self.path.mkdir(parents=True, exist_ok=True)
        part = self.path / f".{name}.part"
        part.write_bytes(content)
        part.replace(self.path / name)

    def put_aside(self, journal: Path, time: int) -> Path:
        """Rename the folder after the time of its last event, so that a new run begins with an empty one.

        Args:
            journal: Where the journal says that it lies.
            time: UTC nanoseconds of its last event.

        Returns:
            The folder's new name.

        Raises:
            JournalError: The journal lies elsewhere, or the folder can't be renamed.
        """
        if self.path not in journal.parents:
            raise JournalError(
                f"{journal} holds the events of an earlier run",
                "move that journal away, or give the session another name",
            )
        moment = datetime.fromtimestamp(time // 10**9, UTC)
        base = f"{self.path.name}-{moment:%Y%m%dT%H%M%SZ}"
        free = (self.path.with_name(name) for name in (base, *(f"{base}-{number}" for number in range(2, 1000))))
        target = next(path for path in free if not path.exists())
        try:
            self.path.rename(target)
        except OSError as error:
            raise JournalError(f"{self.path} can't be put aside: {error.strerror or error}") from error
        return target
