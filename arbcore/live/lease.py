"""The lease of a live session: the right to send, which it loses when it stalls, and takes anew once it reconciled."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from arbcore.errors import SafetyError
from arbcore.live import watchdog

BOUND_NS: Final = 10**9
"""Silence of a session after which it sends nothing before it reconciled."""
_BEATS: Final = 10
"""Signs of life within the bound."""
_LINE: Final = 4096
_PATIENCE: Final = 5
"""Times the bound that the watchdog may take to answer: it waits one itself where an earlier holder died."""


class Lease:
    """The right to send orders to a session's accounts, by way of a watchdog's process. An async context manager.

    Entering takes it; `run` keeps it. It is lost, and `may_send` says so, when no sign of life reached the watchdog
    and came back for longer than the bound: the process was stopped, its loop was blocked, the machine slept, or the
    watchdog is gone. A lost lease stays lost until `renew`, which belongs after a reconciliation.

    What it protects from: two sessions that send to one account at once, and a session that goes on with what it
    knew before a stall. What not: a request that was handed to the system before the stall and leaves after it (a
    venue that takes requests only for a time after their stamp refuses those), and sessions on other machines or of
    other users, which the locks do not reach.

    Args:
        accounts: Lock files of the accounts.
        holder: Who takes them, in words.
        on_fenced: Called from `run` when the lease is lost, with the reason.
        bound_ns: Longest silence.
        pause_ns: Time between signs of life; 0 for a tenth of the bound.
        clock: Monotonic nanoseconds.

    Attributes:
        epoch: Number of the lease, higher than of any before it on these accounts.
    """

    def __init__(
        self,
        accounts: Sequence[Path],
        holder: str,
        on_fenced: Callable[[str], None] = lambda _: None,
        bound_ns: int = BOUND_NS,
        pause_ns: int = 0,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._command: Final = [
            sys.executable, "-I", "-S", watchdog.__file__, str(bound_ns), holder, *map(str, accounts)
        ]  # fmt: skip
        self._accounts: Final = tuple(accounts)
        self._bound: Final = bound_ns
        self._pause: Final = pause_ns or bound_ns // _BEATS
        self._clock: Final = clock
        self._on_fenced: Final = on_fenced
        self._turn: Final = anyio.Lock()
        self._process: Process | None = None
        self._replies: BufferedByteReceiveStream | None = None
        self._until = 0
        self._lost = "no lease was taken yet"
        self.epoch = 0

    async def __aenter__(self) -> Self:
        """Start the watchdog and take the accounts.

        Raises:
            SafetyError: Another session holds one, or the watchdog can't be started.
        """
        for path in self._accounts:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            await self.renew()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Give the accounts back, and end the watchdog."""
        self._lost = "the lease was given back"
        with anyio.CancelScope(shield=True):
            await self._end()

    def may_send(self) -> str:
        """Return why nothing may be sent now; empty where an order may. To be asked right before each send."""
        if not self._lost and self._clock() > self._until:
            self._lost = f"no sign of life for more than {self._bound / 1e9:g} s: reconcile first"
        return self._lost

    async def run(self) -> None:
        """Give signs of life until cancelled."""
        told = 0
        while True:
            if not self.may_send():
                await self._beat()
            if self._lost and told != self.epoch:
                told = self.epoch
                self._on_fenced(self._lost)
            await anyio.sleep(self._pause / 1e9)

    async def renew(self) -> int:
        """Take the lease under a new epoch, once what the accounts hold is known, and return it.

        Raises:
            SafetyError: Another session took an account, or the watchdog can't be started.
        """
        await self._take()
        if self._clock() > self._until:
            # The watchdog waited for an earlier holder's last grant to end, and ours ended with it.
            await self._take()
        self._lost = ""
        return self.epoch

    async def _take(self) -> None:
        word, _, rest = (await self._exchange("take")).partition(" ")
        if word != "granted":
            raise SafetyError(
                f"an account of this session: {rest or 'the watchdog ended'}",
                "one account has one live session: stop the other one, or give this one an account of its own",
            )
        self._grant(rest)

    async def _beat(self) -> None:
        reply = await self._exchange("beat")
        word, _, rest = reply.partition(" ")
        if word == "granted" and not self._lost:
            self._grant(rest)
        elif not self._lost:
            self._lost = "the watchdog fenced this session" if word == "fenced" else "the watchdog ended"

    def _grant(self, text: str) -> None:
        epoch, until = text.split()
        self.epoch, self._until = int(epoch), int(until)

    async def _exchange(self, word: str) -> str:
        """Say a word with the time, and return the answer; empty where the watchdog is gone or says nothing."""
        async with self._turn:
            try:
                # An answer that nobody read would be taken for the next one's: no cancellation comes in between.
                with anyio.fail_after(_PATIENCE * self._bound / 1e9, shield=True):
                    process = self._process if word == "beat" else await self._alive()
                    if process is None or process.stdin is None or self._replies is None:
                        return ""
                    await process.stdin.send(f"{word} {self._clock()}\n".encode())
                    return (await self._replies.receive_until(b"\n", _LINE)).decode().strip()
            except (OSError, TimeoutError, anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.IncompleteRead):
                await self._end()
                return ""

    async def _alive(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            # Neither keys nor paths of the trading process are for the watchdog; Windows starts nothing without this.
            env = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
            self._process = await anyio.open_process(
                self._command,
                stderr=None,
                env=env,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
            self._replies = BufferedByteReceiveStream(self._process.stdout) if self._process.stdout else None
        return self._process

    async def _end(self) -> None:
        """End the watchdog by the end of its input, and by force where it does not heed it."""
        process, self._process, self._replies = self._process, None, None
        if process is None:
            return
        with anyio.CancelScope(shield=True):
            if process.stdin is not None:
                await process.stdin.aclose()
            with anyio.move_on_after(self._bound / 1e9):
                await process.wait()
            if process.returncode is None:
                process.kill()
            await process.aclose()
