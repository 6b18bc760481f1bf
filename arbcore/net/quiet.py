"""Streams that have gone quiet: which books must be confirmed by a request, which streams are mute. Pure."""

from typing import Final


class Quiet:
    """When each stream last delivered. Holds one entry per watched stream.

    Args:
        confirm_after: A stream without data for so long is confirmed, nanoseconds.
        mute_after: A stream without data for so long is mute, whatever requests confirm; 0 for never.
    """

    def __init__(self, confirm_after: int, mute_after: int = 0) -> None:
        self._confirm_after: Final = confirm_after
        self._mute_after: Final = mute_after
        self._data: Final[dict[str, int]] = {}
        self._known: Final[dict[str, int]] = {}

    def touched(self, stream: str, now: int) -> None:
        """Note data of a stream; a stream that was not watched is from now on."""
        self._data[stream] = now
        self._known[stream] = now

    def confirmed(self, stream: str, now: int) -> None:
        """Note that a request confirmed what the stream said last."""
        if stream in self._known:
            self._known[stream] = now

    def forget(self, stream: str) -> None:
        """Watch a stream no longer."""
        self._data.pop(stream, None)
        self._known.pop(stream, None)

    def due(self, now: int) -> list[str]:
        """Return the streams to confirm by a request now; none is named again before `confirm_after` has passed."""
        before = now - self._confirm_after
        due = [stream for stream, at in self._known.items() if at <= before]
        for stream in due:
            self._known[stream] = now
        return due

    def mute(self, now: int) -> list[str]:
        """Return the streams without data for too long."""
        if not self._mute_after:
            return []
        before = now - self._mute_after
        return [stream for stream, at in self._data.items() if at <= before]
