"""Settings of the SQLite stores."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from arbcore.settings import Duration, PluginSettings

Durability = Literal["process", "power", "batch"]
"""What stored events survive: the end of the process, of the power, or neither before the next flush."""


class SqliteSettings(PluginSettings):
    """Settings of the journal and the control store."""

    path: Path | None = Field(default=None, description="Folder of the files; default: the session's own folder.")
    durability: Literal["auto"] | Durability = Field(
        default="auto",
        description="process, power or batch; auto: batch in a backtest, power live, process else.",
    )
    batch_events: int = Field(default=1000, ge=1, description="Events that `batch` keeps in memory at most.")
    busy_timeout: Duration = Field(default=5 * 10**9, description="Wait for another process's lock before giving up.")

    def durability_in(self, mode: str) -> Durability:
        """Return the durability in a mode of the session."""
        if self.durability != "auto":
            return self.durability
        by_mode: dict[str, Durability] = {"backtest": "batch", "live": "power"}
        return by_mode.get(mode, "process")
