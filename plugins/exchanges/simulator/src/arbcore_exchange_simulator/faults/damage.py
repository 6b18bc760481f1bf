"""Frames that no exchange should send: cut off, not JSON, or with values of the wrong type."""

from random import Random

import msgspec

from arbcore_exchange_simulator.wire import encode


def damaged(data: bytes, random: Random) -> bytes:
    """Return a frame damaged in one of four ways, drawn."""
    way = random.randrange(4)
    if way == 0:
        return data[: random.randrange(1, max(len(data), 2))]
    if way == 1:
        return b"<html><body>502 Bad Gateway</body></html>"
    if way == 2:
        return random.choice((b"null", b"[]", b'"', b"\xff\xfe\x00", b"{}", b"42"))
    return _mistyped(data, random)


def _mistyped(data: bytes, random: Random) -> bytes:
    """Return the frame with one value of another type."""
    value = msgspec.json.decode(data)
    inner = value[0] if isinstance(value, list) and value else value
    if isinstance(inner, dict) and "data" in inner:
        inner = inner["data"]
    if not isinstance(inner, dict) or not inner:
        return b"[" + data
    key = random.choice(list(inner))
    inner[key] = random.choice((None, -1, "x", [], {"x": 1}, True))
    return encode(value)
