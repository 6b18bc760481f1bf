"""`arb simulator` that writes into every frame when it was sent, so that its way can be timed from there.

The stamp is a field more at the end of each frame, ``"sent": nanoseconds`` of the clock that all processes of the
machine share. No decoder looks at it.
"""

import sys
import time
from typing import Any, Final

STAMP: Final = b',"sent":'
"""What stands before the nanoseconds at the end of a frame."""


def sent_at(frame: bytes) -> int:
    """Return when a frame was written into the socket.

    Raises:
        ValueError: It carries no stamp.
    """
    return int(frame[frame.rindex(STAMP) + len(STAMP) : -1])


def main() -> int:
    """Serve, with stamps."""
    from aiohttp.web import WebSocketResponse

    from arbcore.cli import main as arb

    send: Any = WebSocketResponse.send_frame

    async def stamped(self: object, message: bytes, *arguments: Any, **more: Any) -> None:
        if message.endswith(b"}"):
            message = b"%s%s%d}" % (message[:-1], STAMP, time.monotonic_ns())
        await send(self, message, *arguments, **more)

    WebSocketResponse.send_frame = stamped  # type: ignore[method-assign]
    return arb(("simulator", *sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
