"""Errors of the private interface, and which of the three outcomes each stands for.

Source: Upbit developer centre, errors, 2026-11. The name decides, not the HTTP status: one name comes under several.
"""

from typing import TYPE_CHECKING, Final, TypeVar

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.model.reason import Reason
from arbcore.net.request import Reply
from arbcore_exchange_upbit.protocol.decoding import decode, words
from arbcore_exchange_upbit.protocol.refusals import GOOD, TOO_MANY, Refusal, refusal_of

if TYPE_CHECKING:
    import msgspec

Message = TypeVar("Message")

LOOK_UP: Final = "look it up by its identifier before anything else"

_KEY: Final = Reason.VENUE_KEY_REFUSED
_NEW_KEY: Final = "make a new key on the website and set api_key and api_secret; keys last a year and can't be renewed"
_SECRET: Final = "check that api_secret belongs to api_key; setting jwt: HS256 helps where HS512 is not taken"  # noqa: S105 - advice, no secret
_DEFECT: Final = "update arbcore-exchange-upbit"
_FUNDS: Final = "add funds to the key's pocket, or order less"
_CONSENT: Final = "give the missing consent once in the app or on the website: BTC and USDT markets need one"
_GRID: Final = "round price and volume to the market's grid"

_MEANINGS: Final[dict[str, tuple[str, str]]] = {
    "create_ask_error": (Reason.ORDER_UNSUPPORTED, _DEFECT),
    "create_bid_error": (Reason.ORDER_UNSUPPORTED, _DEFECT),
    "insufficient_funds_ask": (Reason.ORDER_INSUFFICIENT_BALANCE, _FUNDS),
    "insufficient_funds_bid": (Reason.ORDER_INSUFFICIENT_BALANCE, _FUNDS),
    "under_min_total_ask": (Reason.ORDER_BELOW_MINIMUM, "order more: see min_notional of the instrument's terms"),
    "under_min_total_bid": (Reason.ORDER_BELOW_MINIMUM, "order more: see min_notional of the instrument's terms"),
    "over_krw_funds_ask": (Reason.ORDER_ABOVE_MAXIMUM, "order less: see max_notional of the instrument's terms"),
    "over_krw_funds_bid": (Reason.ORDER_ABOVE_MAXIMUM, "order less: see max_notional of the instrument's terms"),
    "invalid_price_ask": (Reason.ORDER_OFF_GRID, _GRID),
    "invalid_price_bid": (Reason.ORDER_OFF_GRID, _GRID),
    "invalid_volume_ask": (Reason.ORDER_OFF_GRID, _GRID),
    "invalid_volume_bid": (Reason.ORDER_OFF_GRID, _GRID),
    "invalid_time_in_force": (Reason.ORDER_UNSUPPORTED, _DEFECT),
    "invalid_post_only": (Reason.ORDER_UNSUPPORTED, "set post_only_smp: none, or absent"),
    "duplicated_identifier": (Reason.ORDER_DUPLICATE_ID, "look that id up; an id is never free again"),
    "invalid_parameter": (Reason.ORDER_REFUSED, _DEFECT),
    "validation_error": (Reason.ORDER_REFUSED, _DEFECT),
    "bad_request": (Reason.ORDER_REFUSED, _DEFECT),
    "query_parameter_not_supported": (Reason.ORDER_REFUSED, _DEFECT),
    "notfoundmarket": (Reason.ORDER_UNKNOWN_INSTRUMENT, "see the venue's listing for what it trades"),
    "withdraw_address_not_registered": ("", "register the address on the website first"),
    "invalid_query_payload": (_KEY, _DEFECT),
    "jwt_verification": (_KEY, _SECRET),
    "invalid_access_key": (_KEY, _NEW_KEY),
    "expired_access_key": (_KEY, _NEW_KEY),
    "no_authorization_ip": (_KEY, "add this machine's address to the key's allowed addresses on the website"),
    "no_authorization_token": (_KEY, _SECRET),
    "invalid_auth": (_KEY, _SECRET),
    "out_of_scope": (_KEY, "give the key the scope that this call needs, on the website"),
    "market_offline": (Reason.MARKET_CLOSED, "wait: the market is paused or in maintenance"),
    "open_api_withdraw_locked": ("", "lift the lock on withdrawals in the app"),
    "order_not_found": (Reason.ORDER_UNKNOWN, "it has ended, or never was: look it up"),
    "pocket_not_found": ("", "check the pocket's id"),
    "currency_not_found": ("", "check the currency"),
    "thirdparty_agreement_required": (Reason.ORDER_REFUSED, _CONSENT),
}
"""Reason and advice by the error's name in lower case."""

_REPEATED: Final = "nonce_used"
_FAULT: Final = "internal_server_error"


def error_of(refusal: Refusal, what: str, status: int = 0, *, changes: bool = False) -> ExchangeError:
    """Return the error that a refusal stands for.

    A server at fault may have done what was asked, so that a change has an unknown outcome. The same holds for a
    nonce that was used before: each sending has its own, so something on the way delivered this one twice, and the
    first delivery may have been taken.

    Args:
        refusal: What the venue said; its name is a word or a number.
        what: What it was said about, for people.
        status: HTTP status, 0 where there is none.
        changes: Whether what was asked changes something.
    """
    name = words(refusal.name)
    known = name.lower()
    text = f"Upbit {what}: {' '.join(part for part in (name, words(refusal.message)) if part)}"
    if known in TOO_MANY or status in {418, 429}:
        return RateLimited(text, "send less, or share the key with fewer programs")
    if known in _MEANINGS:
        reason, fix = _MEANINGS[known]
        return ExchangeRefused(text, fix, reason=reason, code=name)
    if known in {_REPEATED, _FAULT} or status >= 500 or (isinstance(refusal.name, int) and refusal.name >= 500):
        return OutcomeUnknown(text, LOOK_UP) if changes else ExchangeUnavailable(text, "wait: Upbit is at fault")
    return ExchangeRefused(text, reason=Reason.ORDER_REFUSED if changes else "", code=name)


def answer(decoder: "msgspec.json.Decoder[Message]", reply: Reply, what: str) -> Message:
    """Return what the reply to a question says.

    Raises:
        ExchangeRefused: The venue said no.
        ExchangeUnavailable: It is at fault, or in maintenance.
        RateLimited: It asked to wait.
        ExchangeError: This is no such answer.
    """
    if reply.status in GOOD:
        return decode(decoder, reply.body, what)
    refusal = refusal_of(reply) or Refusal(f"status {reply.status}")
    raise error_of(refusal, what, reply.status)


def receipt(decoder: "msgspec.json.Decoder[Message]", reply: Reply, what: str) -> Message:
    """Return what the reply to a change says.

    Raises:
        ExchangeRefused: The venue said no: it did not happen.
        RateLimited: It asked to wait: it did not happen.
        OutcomeUnknown: Nothing that can be read settles it.
    """
    if reply.status in GOOD:
        try:
            return decode(decoder, reply.body, what)
        except ExchangeError as error:
            raise OutcomeUnknown(error.what, LOOK_UP) from error
    refusal = refusal_of(reply)
    if refusal is None:
        # A page from something in between: whether the venue saw the request can't be told.
        raise OutcomeUnknown(f"Upbit {what}: status {reply.status} without a word", LOOK_UP)
    raise error_of(refusal, what, reply.status, changes=True)
