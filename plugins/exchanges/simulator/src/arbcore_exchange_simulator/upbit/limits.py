"""Upbit's counters: whole seconds per group, then a block that grows (Upbit developer centre, 2026-11).

Quotation and handshakes without a key are counted by IP, which here is one; the rest by pocket.
"""

from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.wire import Refused

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

SECOND: Final = 1_000_000_000
_ORIGIN: Final = 10 * SECOND  # one request with an Origin header in this time


def _refused(status: int, message: str, *, private: bool) -> Refused:
    return Refused(status, {"error": {"name": "too_many_requests" if private else status, "message": message}})


class UpbitLimits:
    """Counts requests by group and pocket; without a pocket as one client: all of them come from this machine."""

    def __init__(self, rules: "Rules") -> None:
        self._rules = rules
        self._limits = {
            "websocket-connect": rules.upbit_connects,
            "default": rules.upbit_default,
            "order": rules.upbit_order,
            "order-test": rules.upbit_order_test,
            "order-cancel-all": 1,
        }
        self._seconds: dict[tuple[str, str], tuple[int, int]] = {}
        self._over: dict[tuple[str, str], int] = {}
        self._blocked: dict[tuple[str, str], int] = {}
        self._bans: dict[str, int] = {}
        self._origin = -_ORIGIN

    def spend(self, group: str, now: int, *, origin: bool = False, pocket: str = "") -> dict[str, str]:
        """Count a request and return the headers that tell what is left.

        Raises:
            Refused: The second's requests are used up (429), or the client went on all the same (418).
        """
        limit = self._limits.get(group, self._rules.upbit_quotation)
        if not self._rules.enforce:
            return self._headers(group, limit, limit)
        key = (group, pocket)
        if now < self._blocked.get(key, 0):
            raise self._block(key, now)
        length = 2 * SECOND if group == "order-cancel-all" else SECOND
        window, used = self._seconds.get(key, (0, 0))
        used = used + 1 if window == now // length else 1
        self._seconds[key] = (now // length, used)
        if used > limit or (origin and now - self._origin < _ORIGIN):
            raise self._refuse(key, now)
        if origin:
            self._origin = now
        if used == 1:
            self._over[key] = 0
        return self._headers(group, limit, limit - used)

    @staticmethod
    def _headers(group: str, limit: int, left: int) -> dict[str, str]:
        return {"Remaining-Req": f"group={group}; min={limit * 60}; sec={left}"}

    def _refuse(self, key: tuple[str, str], now: int) -> Refused:
        self._over[key] = self._over.get(key, 0) + 1
        if self._over[key] <= self._rules.tolerance:
            return _refused(429, "Too many API requests", private=bool(key[1]))
        bans = self._bans.get(key[1], 0)
        self._blocked[key] = now + self._rules.ban * 2**bans
        self._over[key] = 0
        self._bans[key[1]] = bans + 1
        return self._block(key, now)

    def _block(self, key: tuple[str, str], now: int) -> Refused:
        seconds = -(-(self._blocked[key] - now) // SECOND)
        whose = "pocket" if key[1] else "IP"
        return _refused(418, f"Too many requests: this {whose} is blocked for {seconds} seconds", private=bool(key[1]))
