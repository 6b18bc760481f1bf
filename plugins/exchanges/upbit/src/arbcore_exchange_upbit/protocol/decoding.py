"""Reading what Upbit sends: numbers with their bounds, and one way to say that something is not what it should be."""

from typing import Annotated, Any, Final, TypeVar

import msgspec

from arbcore.errors import ExchangeError

Message = TypeVar("Message")

Price = Annotated[float, msgspec.Meta(gt=0)]
"""A price or size of a trade. JSON knows no infinity, and the decoder refuses what a float can't hold."""

Level = Annotated[float, msgspec.Meta(ge=0)]
"""A price or size of a book; 0 where that side has no such level."""

Millis = Annotated[int, msgspec.Meta(gt=0, lt=9_000_000_000_000)]
"""A time in milliseconds since 1970, small enough to be told in nanoseconds."""

MS: Final = 10**6
"""Nanoseconds of a millisecond."""


def decode(decoder: "msgspec.json.Decoder[Message]", payload: bytes, what: str) -> Message:
    """Return the message in a payload.

    Args:
        decoder: Decoder of the message's type.
        payload: What was received.
        what: Name of the message for people.

    Raises:
        ExchangeError: It is no such message.
    """
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise unreadable(what, str(error)) from error


def unreadable(what: str, why: object) -> ExchangeError:
    """Return the error of a message that is not what the venue may send."""
    return ExchangeError(
        f"Upbit sent {what} that is none: {words(why)}", "if it persists, update arbcore-exchange-upbit"
    )


def words(value: Any) -> str:
    """Return what an error names, which is text or a number, shortened: the venue's text ends up in logs."""
    return str(value)[:200]
