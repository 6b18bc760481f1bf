"""Calls of the WebSocket API: frames, ids and answers. Pure.

Source: Binance developer documentation, WebSocket API of USD-M futures and spot, 2026-11. Each call is signed by
itself, so that no log-on is needed and HMAC keys do.
"""

from typing import Any, Final

import msgspec

from arbcore.errors import OutcomeUnknown
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.private_failures import refusal

_OK: Final = 200


class _Id(msgspec.Struct):
    id: str | int | None = None


class _Error(msgspec.Struct):
    code: int = 0
    msg: str = ""


class _Answer(msgspec.Struct):
    status: int
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


_IDS: Final = msgspec.json.Decoder(_Id)
_ANSWERS: Final = msgspec.json.Decoder(_Answer)


def call_frame(identity: str, method: str, params: dict[str, Any]) -> str:
    """Return the frame of a call.

    Args:
        identity: Its id.
        method: The venue's name of the method.
        params: Parameters, signed where they have to be.
    """
    return msgspec.json.encode({"id": identity, "method": method, "params": params}).decode()


def read_call_id(frame: bytes) -> str | None:
    """Return the id of the call that a frame answers; None for any other frame."""
    try:
        found = _IDS.decode(frame).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if found is None else str(found)


def read_status(frame: bytes) -> int:
    """Return the status of a call's answer, as HTTP has it; 0 where it can't be read."""
    try:
        return _ANSWERS.decode(frame).status
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0


def read_result(reply: Reply, what: str) -> bytes:
    """Return the JSON text of a call's result.

    Args:
        reply: The answer's frame as the body of a reply.
        what: What was asked, for the message.

    Raises:
        ExchangeError: The venue refused, as `refusal` reads it; `OutcomeUnknown` where the answer can't be read.
    """
    try:
        answer = _ANSWERS.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise OutcomeUnknown(f"Binance {what}: an answer that can't be read", "look up what became of it") from None
    if answer.status != _OK:
        error = answer.error or _Error()
        raise refusal(answer.status, error.code, error.msg, what)
    return bytes(answer.result)
