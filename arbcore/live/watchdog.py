"""The watchdog's process: it holds the locks of a session's accounts, and fences the session when it falls silent.

It is run by its path with the standard library alone, in a session of its own, so that neither Ctrl-C nor Ctrl-Z of
the trading process reaches it. It is told lines on its input and answers each with one line on its output:

- ``take STAMP``: lock the accounts, under a new epoch.  ``granted EPOCH UNTIL``, or ``refused WHY``.
- ``beat STAMP``: the session lives.  ``granted EPOCH UNTIL``, or ``fenced``.
- End of input: the session ended, however it did. The locks are given back, and the process ends.

STAMP and UNTIL are of the session's clock, UNTIL being the bound later. The session sends nothing after UNTIL; the
watchdog gives the locks to others only after the bound has passed since it heard of STAMP, which is later still. So
two sessions never send at once, without a clock in common.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Windows keeps others from reading locked bytes, so the lock lies far behind the text."""

    def _lock(file: int) -> None:
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Busy(Exception):
    """Somebody else holds an account; the text says who."""


class Locks:
    """The lock files of a session's accounts. Their text is for people, and keeps the epoch across holders.

    Args:
        paths: The files, made where they are missing.
        holder: Who takes them, in words.
    """

    def __init__(self, paths: Sequence[str], holder: str) -> None:
        self._paths = sorted(set(paths))
        self._holder = holder
        self._files: list[int] = []

    def take(self, wait: Callable[[], None]) -> int:
        """Lock all, or none; what is held already stays. Return the new epoch, above every earlier one.

        Args:
            wait: Lets the bound pass: called where the holder before did not give an account back itself, since
                what it held died a moment ago and its session may still believe in its last grant.

        Raises:
            Busy: Somebody else holds one.
        """
        held = bool(self._files)
        if not held:
            for path in self._paths:
                self._files.append(self._open(path))
        texts = [_read(file) for file in self._files]
        epoch = max((int(text.get("epoch", 0)) for text in texts), default=0) + 1
        if not held and not all(text.get("free", True) for text in texts):
            wait()
        self._write(epoch, free=False)
        return epoch

    def release(self) -> None:
        """Give them back; what is not held stays so."""
        if not self._files:
            return
        self._write(max(int(_read(file).get("epoch", 0)) for file in self._files), free=True)
        self._close()

    def _open(self, path: str) -> int:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(file)
        except OSError:
            text = _read(file)
            os.close(file)
            self._close()
            raise Busy(f"{text.get('holder', 'another process')}") from None
        return file

    def _close(self) -> None:
        for file in self._files:
            os.close(file)
        self._files = []

    def _write(self, epoch: int, *, free: bool) -> None:
        text = json.dumps({"epoch": epoch, "free": free, "holder": self._holder}).encode()
        for file in self._files:
            os.lseek(file, 0, os.SEEK_SET)
            os.write(file, text)
            os.ftruncate(file, len(text))


def _read(file: int) -> dict[str, Any]:
    os.lseek(file, 0, os.SEEK_SET)
    try:
        text = json.loads(os.read(file, 4096) or b"{}")
    except ValueError:
        return {}
    return text if isinstance(text, dict) else {}


class Guard:
    """When a session counts as fenced: pure, in the watchdog's time.

    Args:
        bound_ns: Longest silence.
    """

    def __init__(self, bound_ns: int) -> None:
        self._bound = bound_ns
        self._heard = 0
        self.epoch = 0
        self.fenced = True

    def granted(self, epoch: int, now: int, stamp: int) -> str:
        """Begin an epoch."""
        self.epoch, self._heard, self.fenced = epoch, now, False
        return self._grant(stamp)

    def beat(self, now: int, stamp: int) -> str:
        """Take a sign of life; one that comes too late changes nothing."""
        self.look(now)
        if self.fenced:
            return "fenced"
        self._heard = now
        return self._grant(stamp)

    def look(self, now: int) -> bool:
        """Fence a session that was silent for longer than the bound; tell whether it is fenced."""
        if now - self._heard > self._bound:
            self.fenced = True
        return self.fenced

    def _grant(self, stamp: int) -> str:
        return f"granted {self.epoch} {stamp + self._bound}"


class Watchdog:
    """Answers a session, and looks at it between its words.

    Args:
        locks: The accounts' locks.
        bound_ns: Longest silence.
        clock: Monotonic nanoseconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        locks: Locks,
        bound_ns: int,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._locks = locks
        self._guard = Guard(bound_ns)
        self._bound = bound_ns
        self._clock = clock
        self._sleep = sleep

    def answer(self, line: str) -> str:
        """Return the answer to a line."""
        word, _, stamp = line.strip().partition(" ")
        if word == "take":
            return self._take(int(stamp))
        reply = self._guard.beat(self._clock(), int(stamp))
        self.look()
        return reply

    def look(self) -> None:
        """Give the accounts back once the session is fenced."""
        if self._guard.look(self._clock()):
            self._locks.release()

    def end(self) -> None:
        """Give the accounts back: the session ended."""
        self._locks.release()

    def _take(self, stamp: int) -> str:
        try:
            epoch = self._locks.take(lambda: self._sleep(self._bound / 1e9))
        except Busy as busy:
            return f"refused in use by {busy}"
        except OSError as error:
            return f"refused {error.strerror or error}"
        return self._guard.granted(epoch, self._clock(), stamp)


def main(arguments: Sequence[str]) -> None:
    """Serve the session at the other end of the standard streams.

    Args:
        arguments: The bound in nanoseconds, the holder in words, and the lock files.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound, holder, *paths = arguments
    watchdog = Watchdog(Locks(paths, holder), int(bound))
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    pause = int(bound) / 1e9 / 10
    while True:
        try:
            line = lines.get(timeout=pause)
        except queue.Empty:
            watchdog.look()
            continue
        if not line:
            break
        try:
            print(watchdog.answer(line), flush=True)  # noqa: T201 - the answer to the session
        except OSError:
            break
    watchdog.end()


def _listen(lines: "queue.SimpleQueue[str]") -> None:
    """Hand on what is said; an empty line for the end."""
    for line in sys.stdin:
        lines.put(line)
    lines.put("")


if __name__ == "__main__":
    main(sys.argv[1:])
