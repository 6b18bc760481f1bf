"""What the venue's refusals mean: error codes and statuses as the errors that a caller tells apart.

Source: Binance developer documentation, error codes and HTTP return codes, 2026-11.
"""

from typing import Final

import msgspec

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.net.request import Reply

_OK: Final = 200
_SERVER_ERROR: Final = 500
_LIMITED: Final = frozenset({-1003, -1015})
_UNKNOWN: Final = frozenset({-1006, -1007})
_THROTTLED: Final = -1008
_TEXT_SHOWN: Final = 200


class Failure(msgspec.Struct):
    """What the venue says in place of an answer."""

    code: int = 0
    msg: str = ""


_DECODER: Final = msgspec.json.Decoder(Failure)


def read_failure(body: bytes) -> Failure:
    """Return code and text of a refusal; what is no JSON object (a proxy's page) is text without a code."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Failure(msg=body[:_TEXT_SHOWN].decode("utf-8", "replace"))


def failure(reply: Reply, what: str) -> ExchangeError:
    """Return the error that a reply with a status other than 200 stands for.

    A 5xx does not prove that nothing happened, except where the venue says so.

    Args:
        reply: The answer.
        what: What was asked, for the message.
    """
    found = read_failure(reply.body)
    text = f"Binance {what}: status {reply.status}, code {found.code}: {found.msg}"
    if reply.status in {418, 429} or found.code in _LIMITED:
        return RateLimited(text, "ask less often; the limits are counted per address")
    if found.code in _UNKNOWN or reply.status == 408:
        return OutcomeUnknown(text, "look up what became of it")
    if found.code == _THROTTLED or (reply.status == 503 and "service unavailable" in found.msg.lower()):
        return ExchangeUnavailable(text, "try again: the venue says that it did nothing")
    if reply.status >= _SERVER_ERROR:
        return OutcomeUnknown(text, "look up what became of it")
    if reply.status == 403:
        return ExchangeRefused(text, "the venue's firewall refuses this address or this form of request")
    return ExchangeRefused(text, "compare the request with the venue's documentation")


def require_answer(reply: Reply, what: str) -> None:
    """Raise the error that a reply stands for unless its status is 200.

    Raises:
        ExchangeError: As `failure` reads it.
    """
    if reply.status != _OK:
        raise failure(reply, what)
