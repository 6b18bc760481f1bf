"""Upbit's errors as the errors that a caller may tell apart. Source: Upbit developer centre, errors, 2026-11."""

from typing import Any, Final

import msgspec

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, RateLimited
from arbcore.net.request import Reply
from arbcore_exchange_upbit.protocol.decoding import decode, words

TOO_MANY: Final = frozenset({"429", "418", "too_many_requests", "too many requests", "i'm a teapot"})
"""Names, in lower case, of errors that ask to wait."""

_AWAY: Final = frozenset({"market_offline", "internal_server_error"})
GOOD: Final = frozenset({200, 201})
"""Statuses of replies that say yes."""


class Refusal(msgspec.Struct):
    """What an error says; the name is a number on the quotation interface and a word elsewhere."""

    name: int | str = ""
    message: Any = ""


class _Body(msgspec.Struct):
    error: Refusal


class _Notice(msgspec.Struct):
    """What a stream sends without a type: an error, ``{"status":"UP"}``, an answer about subscriptions."""

    error: Refusal | None = None
    status: str | None = None
    method: str | None = None


_NOTICE: Final = msgspec.json.Decoder(_Notice)
_BODY: Final = msgspec.json.Decoder(_Body)


def error_of(refusal: Refusal, what: str, status: int = 0) -> ExchangeError:
    """Return the error that a refusal stands for.

    The name decides, not the HTTP status: the venue sends one name under several of them.

    Args:
        refusal: What the venue said.
        what: What it was said about, for people.
        status: HTTP status, 0 where there is none.
    """
    name = words(refusal.name)
    text = f"Upbit {what}: {' '.join(part for part in (name, words(refusal.message)) if part)}"
    if name.lower() in TOO_MANY or status in {418, 429}:
        return RateLimited(text, "send less, or share the address with fewer programs")
    if name in _AWAY or status >= 500 or (isinstance(refusal.name, int) and refusal.name >= 500):
        return ExchangeUnavailable(text, "wait: Upbit is in maintenance or at fault")
    return ExchangeRefused(text)


def check(reply: Reply, what: str) -> bytes:
    """Return the body of a good reply.

    Raises:
        ExchangeRefused: The venue said no.
        ExchangeUnavailable: It is in maintenance or at fault.
        RateLimited: It asked to wait.
    """
    if reply.status in GOOD:
        return reply.body
    # A proxy in between answers with a page, and the status is all that can be read.
    refusal = refusal_of(reply) or Refusal(f"status {reply.status}")
    raise error_of(refusal, what, reply.status)


def refusal_of(reply: Reply) -> Refusal | None:
    """Return what a reply says is wrong; None where it is no error of the venue's form."""
    try:
        return _BODY.decode(reply.body).error
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def read_notice(frame: bytes, decoder: "msgspec.json.Decoder[Any]") -> Refusal | None:
    """Return the error that a frame without a type tells; None where it only shows that the socket lives.

    Args:
        frame: What is no frame of the decoder's.
        decoder: Decoder of the frames with a type.

    Raises:
        ExchangeError: It is nothing that the venue may send.
    """
    notice = decode(_NOTICE, frame, "a frame")
    if notice.error is None and notice.status is None and notice.method is None:
        decode(decoder, frame, "a frame")  # raises what is wrong with it
    return notice.error
