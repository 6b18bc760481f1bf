"""What refusals of private requests mean, for the REST interface and the WebSocket API of both products. Pure.

Three outcomes: refused, not done for another reason, unknown. Whatever is not known to have done nothing is unknown.
Source: Binance developer documentation, error codes and HTTP return codes, 2026-11.
"""

import re
from typing import Final

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.model.reason import Reason
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.failures import read_failure

CLOCK_CODES: Final = frozenset({"-1021", "-5028"})
"""Codes that say that our time is too far from the venue's."""

_R: Final = Reason
_OK: Final = 200
_TOO_OFTEN: Final = -1003
_THROTTLED: Final = -1008
_NOT_SERVED: Final = "service unavailable."
"""The venue's own words, whole: a proxy's page that has them in it does not tell what lies behind the proxy."""
_UNSETTLED: Final = frozenset({-1000, -1001, -1006, -1007})
_LOOK: Final = "look up what became of it before sending anything again"
_TOKEN: Final = re.compile(r"(?<=signature=)[^&\s]+|(?<=listenKey=)[^&\s]+|[A-Za-z0-9+/=%]{32,}")

_KEY: Final = "check key, permissions and allowed addresses of the API key"
_BAD_SIGNATURE: Final = -1022
_SIGNED: Final = "api_secret does not belong to api_key, or something on the way changed the request"
_COMPARE: Final = "compare the request with the venue's documentation"
_GRID: Final = "use the instrument's tick and lot; read the listing anew where they changed"

REASONS: Final[dict[int, Reason]] = {
    -1015: _R.ORDER_TOO_MANY,
    -1020: _R.ORDER_UNSUPPORTED,
    -1021: _R.VENUE_CLOCK_SKEWED,
    -1022: _R.VENUE_KEY_REFUSED,
    -1111: _R.ORDER_OFF_GRID,
    -1114: _R.ORDER_UNSUPPORTED,
    -1116: _R.ORDER_UNSUPPORTED,
    -1117: _R.ORDER_UNSUPPORTED,
    -1121: _R.ORDER_UNKNOWN_INSTRUMENT,
    -1136: _R.ORDER_UNSUPPORTED,
    -2011: _R.ORDER_UNKNOWN,
    -2013: _R.ORDER_UNKNOWN,
    -2014: _R.VENUE_KEY_REFUSED,
    -2015: _R.VENUE_KEY_REFUSED,
    -2018: _R.ORDER_INSUFFICIENT_BALANCE,
    -2019: _R.ORDER_INSUFFICIENT_BALANCE,
    -2020: _R.ORDER_NO_LIQUIDITY,
    -2021: _R.ORDER_REFUSED,
    -2022: _R.ORDER_NOTHING_TO_REDUCE,
    -2024: _R.ORDER_NOTHING_TO_REDUCE,
    -2025: _R.ORDER_TOO_MANY,
    -2027: _R.ORDER_POSITION_LIMIT,
    -4003: _R.ORDER_BELOW_MINIMUM,
    -4004: _R.ORDER_BELOW_MINIMUM,
    -4005: _R.ORDER_ABOVE_MAXIMUM,
    -4014: _R.ORDER_OFF_GRID,
    -4016: _R.ORDER_PRICE_BAND,
    -4023: _R.ORDER_OFF_GRID,
    -4024: _R.ORDER_PRICE_BAND,
    -4028: _R.ORDER_POSITION_LIMIT,
    -4061: _R.ORDER_UNSUPPORTED,
    -4116: _R.ORDER_DUPLICATE_ID,
    -4120: _R.ORDER_UNSUPPORTED,
    -4131: _R.ORDER_PRICE_BAND,
    -4161: _R.ORDER_POSITION_LIMIT,
    -4164: _R.ORDER_BELOW_MINIMUM,
    -4400: _R.ORDER_BY_VENUE,
    -5021: _R.ORDER_NO_LIQUIDITY,
    -5022: _R.ORDER_WOULD_TAKE,
    -5024: _R.MARKET_CLOSED,
    -5025: _R.ORDER_UNSUPPORTED,
    -5026: _R.ORDER_TOO_MANY,
    -5028: _R.VENUE_CLOCK_SKEWED,
    -5029: _R.ORDER_BELOW_MINIMUM,
    -5037: _R.ORDER_UNSUPPORTED,
    -5038: _R.ORDER_UNSUPPORTED,
}
"""Reason of a refusal by the venue's code; what is missing is ``ORDER_REFUSED``."""

# Codes that stand for several things, told apart by words of their text.
_BY_TEXT: Final[dict[int, tuple[tuple[str, Reason], ...]]] = {
    -1013: (
        ("notional", _R.ORDER_BELOW_MINIMUM),
        ("percent_price", _R.ORDER_PRICE_BAND),
        ("max_num", _R.ORDER_TOO_MANY),
        ("max_position", _R.ORDER_POSITION_LIMIT),
        ("filter", _R.ORDER_OFF_GRID),
        ("market is closed", _R.MARKET_CLOSED),
        ("", _R.ORDER_BELOW_MINIMUM),
    ),
    -2010: (
        ("insufficient", _R.ORDER_INSUFFICIENT_BALANCE),
        ("immediately match", _R.ORDER_WOULD_TAKE),
        ("duplicate", _R.ORDER_DUPLICATE_ID),
        ("market is closed", _R.MARKET_CLOSED),
        ("not permitted", _R.VENUE_KEY_REFUSED),
    ),
}

_FIXES: Final[dict[Reason, str]] = {
    _R.VENUE_KEY_REFUSED: _KEY,
    _R.VENUE_CLOCK_SKEWED: "the offset is measured anew; keep this machine's clock in step, or widen recv_window",
    _R.ORDER_OFF_GRID: _GRID,
    _R.ORDER_INSUFFICIENT_BALANCE: "add margin, or order less",
    _R.ORDER_POSITION_LIMIT: "lower the leverage or the size; see the instrument's leverage brackets",
    _R.ORDER_UNKNOWN: "look the order up: it has ended, or never was",
    _R.ORDER_TOO_MANY: "send fewer orders, or cancel some",
    _R.MARKET_CLOSED: "wait until the venue trades the instrument again",
}


def is_about_the_clock(reply: Reply) -> bool:
    """Tell whether a reply refuses a request because of the time that it states."""
    return 400 <= reply.status < 500 and str(read_failure(reply.body).code) in CLOCK_CODES


def require_done(reply: Reply, what: str) -> None:
    """Raise the error that a reply over REST stands for unless its status is 200.

    Raises:
        ExchangeError: As `private_failure` reads it.
    """
    if reply.status != _OK:
        raise private_failure(reply.status, reply.body, what)


def private_failure(status: int, body: bytes, what: str) -> ExchangeError:
    """Return the error of a refusal over REST.

    HTTP 503 means three things: "Unknown error..." is an unknown outcome, "Service Unavailable." and code -1008
    (throttled by system protection) are failures.

    Args:
        status: HTTP status, or the status of a call's answer.
        body: The answer: ``{"code", "msg"}``, or what a proxy put in its place.
        what: What was asked, for the message.
    """
    found = read_failure(body)
    return refusal(status, found.code, found.msg, what)


def refusal(status: int, code: int, msg: str, what: str) -> ExchangeError:
    """Return the error of a refusal by its status, code and text.

    Args:
        status: HTTP status, or the status of a call's answer.
        code: The venue's code, 0 where it gave none.
        msg: The venue's text; anything in it that may be a secret is blotted out.
        what: What was asked, for the message.
    """
    text = f"Binance {what}: status {status}, code {code}: {shown(msg)}"
    if status in {418, 429} or code == _TOO_OFTEN:
        return RateLimited(text, "send less often; the limits are counted per address and account")
    if code == _THROTTLED or (status == 503 and msg.strip().lower() == _NOT_SERVED):
        return ExchangeUnavailable(text, "try again in a moment: the venue says that it did nothing")
    if code in _UNSETTLED or status == 408 or not 400 <= status < 500:
        return OutcomeUnknown(text, _LOOK)
    reason = reason_of(code, msg)
    if not code:
        reason = _R.VENUE_KEY_REFUSED if status == 401 else _R.ORDER_REFUSED
    fix = _SIGNED if code == _BAD_SIGNATURE else _FIXES.get(reason, _COMPARE)
    return ExchangeRefused(text, fix, reason=reason, code=str(code) if code else "")


def reason_of(code: int, msg: str) -> Reason:
    """Return the reason code of a refusal.

    Args:
        code: The venue's code.
        msg: The venue's text.
    """
    for word, reason in _BY_TEXT.get(code, ()):
        if word in msg.lower():
            return reason
    return REASONS.get(code, _R.ORDER_REFUSED)


def shown(text: str) -> str:
    """Return the venue's words with everything blotted out that may be a key, a listenKey or a signature."""
    return _TOKEN.sub("...", text)[:200]
