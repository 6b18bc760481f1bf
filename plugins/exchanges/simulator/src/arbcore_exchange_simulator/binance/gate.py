"""Who may ask for what on Binance: keys, signatures and the time of a request.

Source: Binance developer documentation, 2026-11.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from arbcore_exchange_simulator.binance.asked import Asked, parsed
from arbcore_exchange_simulator.binance.refusals import missing, refused
from arbcore_exchange_simulator.binance.signatures import is_valid
from arbcore_exchange_simulator.trading.account import Account, ApiKey
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.wire import Request

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,128}")
_AHEAD_MS: Final = 1000
_WINDOW_MS: Final = 5000
_MOST_MS: Final = 60_000
_MICRO: Final = 10**15
"""A time above this is one in microseconds, which only spot takes."""

_SIGNATURE: Final = re.compile(r"(?:^|&)signature=([^&]*)")


class Gate:
    """Lets requests of one product in.

    Args:
        venue: ``usdm`` or ``spot``.
        accounts: All accounts.
        clock: The venue's time in ns, skewed where a fault skews it.
        barred: Whether a fault refuses the addresses of all clients now.
    """

    def __init__(self, venue: str, accounts: Accounts, clock: Callable[[], int], barred: Callable[[], bool]) -> None:
        self._venue = venue
        self._accounts = accounts
        self._clock = clock
        self._barred = barred

    def key(self, told: str, ip: str, permission: str = "") -> tuple[Account, ApiKey]:
        """Return the account of a key.

        Raises:
            Refused: It is no key (-2014), or one that may not do this, or not from there (-2015).
        """
        if not _KEY.fullmatch(told):
            raise refused(-2014)
        found = self._accounts.find(self._venue, told)
        if found is None or self._barred():
            raise refused(-2015)
        _, key = found
        expired = 0 < key.expires <= self._clock()
        if expired or (key.ips and ip not in key.ips):
            raise refused(-2015)
        if permission and key.permissions and permission not in key.permissions:
            raise refused(-2015)
        return found

    def request(self, request: Request, permission: str = "") -> tuple[Account, ApiKey, Asked]:
        """Return account, key and parameters of a signed request.

        Raises:
            Refused: Key, signature or time are wrong.
        """
        account, key = self.key(request.headers.get("x-mbx-apikey", ""), request.ip, permission)
        query, body = request.raw_query, request.body.decode("utf-8", "replace")
        values = dict(parsed(query) + parsed(body))
        signature = values.pop("signature", "")
        if not signature:
            raise missing("signature")
        self.time(values)
        payload = _SIGNATURE.sub("", query) + _SIGNATURE.sub("", body)
        if not is_valid(payload, signature, key.secret, key.public_key):
            raise refused(-1022)
        return account, key, Asked(values)

    def message(self, params: Mapping[str, str], ip: str, permission: str = "") -> tuple[Account, ApiKey]:
        """Return the account of a signed WebSocket request: its parameters sorted by name are what is signed.

        Raises:
            Refused: Key, signature or time are wrong.
        """
        account, key = self.key(params.get("apiKey", ""), ip, permission)
        if not params.get("signature"):
            raise missing("signature")
        self.time(params)
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
        if not is_valid(payload, params["signature"], key.secret, key.public_key):
            raise refused(-1022)
        return account, key

    def time(self, values: Mapping[str, str]) -> None:
        """Compare the time of a request with the venue's.

        Raises:
            Refused: It lies outside of its window (-1021), or is none.
        """
        asked = Asked(values)
        told = asked.whole("timestamp")
        if self._venue == "spot" and told >= _MICRO:
            told //= 1000
        window = float(asked.money("recvWindow")) if "recvWindow" in asked else _WINDOW_MS
        if window > _MOST_MS:
            raise refused(-1131, "recvWindow must be less than 60000.")
        now = self._clock() // 1_000_000
        if told >= now + _AHEAD_MS:
            raise refused(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now - told > window:
            raise refused(-1021)
