"""Settings of the JSON lines sink."""

from pathlib import Path

from pydantic import Field

from arbcore.settings import PluginSettings


class JsonlSettings(PluginSettings):
    """Settings of the sink."""

    path: Path | None = Field(
        default=None, description="The file; default: the instance's id with .jsonl in the session's own folder."
    )
    max_bytes: int = Field(
        default=64 * 2**20, ge=1, description="A file that would grow beyond this is set aside, under a number."
    )
    keep: int = Field(default=0, ge=0, description="Numbered files to keep, the newest; 0 keeps all.")
    types: tuple[str, ...] = Field(default=(), description="Types of event to write; empty for all.")
    sync: bool = Field(default=False, description="Whether a flush waits until the disk has it.")
