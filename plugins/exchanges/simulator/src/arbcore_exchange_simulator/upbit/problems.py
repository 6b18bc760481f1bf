"""Errors of Upbit's exchange API: their names are text (Upbit developer centre, 2026-11).

Upbit documents the names; which status goes with one may differ (the same name comes with 401 and 403), and the texts
are likely ones.
"""

from typing import Final

from arbcore_exchange_simulator.wire import Refused

_TEXTS: Final = {
    "no_authorization_token": "Missing request token.",
    "jwt_verification": "Failed to verify the jwt token.",
    "invalid_access_key": "The access key is not valid.",
    "invalid_query_payload": "The query of the jwt token is not that of the request.",
    "expired_access_key": "The access key has expired.",
    "nonce_used": "The nonce has been used already.",
    "no_authorization_ip": "This is not a verified IP.",
    "out_of_scope": "The access key has no permission for this.",
    "market_offline": "The market is offline.",
    "order_not_found": "주문을 찾지 못했습니다.",
    "pocket_not_found": "The pocket was not found.",
    "currency_not_found": "The currency was not found.",
    "notfoundmarket": "The market was not found.",
    "insufficient_funds_bid": "주문가능한 금액이 부족합니다.",
    "insufficient_funds_ask": "주문가능한 수량이 부족합니다.",
    "under_min_total_bid": "최소주문금액 이상으로 주문해주세요.",
    "under_min_total_ask": "최소주문금액 이상으로 주문해주세요.",
    "duplicated_identifier": "The identifier has been used already.",
    "internal_server_error": "Internal server error.",
    "QUERY_PARAMETER_NOT_SUPPORTED": "A DELETE request takes query parameters only.",
}
_STATUS: Final = {
    401: (
        "no_authorization_token",
        "jwt_verification",
        "invalid_access_key",
        "invalid_query_payload",
        "expired_access_key",
        "nonce_used",
        "no_authorization_ip",
    ),
    403: ("out_of_scope", "market_offline", "open_api_withdraw_locked"),
    404: ("order_not_found", "pocket_not_found", "currency_not_found"),
    500: ("internal_server_error",),
}


def problem(name: str, message: str = "") -> Refused:
    """Return an error by its name."""
    status = next((status for status, names in _STATUS.items() if name in names), 400)
    return Refused(status, {"error": {"name": name, "message": message or _TEXTS.get(name, name.replace("_", " "))}})


def wrong(parameter: str, *, name: str = "validation_error") -> Refused:
    """Return the error of a parameter that is missing or has no valid value."""
    return problem(name, f"{parameter} is missing, {parameter} does not have a valid value")
