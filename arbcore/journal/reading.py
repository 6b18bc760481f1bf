"""How a process that is not the session's engine opens its stores."""

from dataclasses import dataclass
from pathlib import Path

from arbcore.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderContext(Context):
    """Context of any process but the engine's.

    A journal that is opened with it takes no lease and can't be written. A control store that is opened with it
    takes commands and drafts, and changes none. Neither asks whether session and mode match, since a reader may
    look at any session.

    Attributes:
        location: File or folder to read, None for the place that the settings name.
    """

    location: Path | None = None
