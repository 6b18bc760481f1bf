"""Upbit's counters: whole seconds per quotation group, then a block that grows (Upbit developer centre, 2026-11)."""

from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.wire import Refused

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

SECOND: Final = 1_000_000_000
_ORIGIN: Final = 10 * SECOND  # one request with an Origin header in this time


def _refused(status: int, message: str) -> Refused:
    return Refused(status, {"error": {"name": status, "message": message}})


class UpbitLimits:
    """Counts requests by group, as one client: all of them come from this machine."""

    def __init__(self, rules: "Rules") -> None:
        self._rules = rules
        self._seconds: dict[str, tuple[int, int]] = {}
        self._over: dict[str, int] = {}
        self._blocked: dict[str, int] = {}
        self._bans = 0
        self._origin = -_ORIGIN

    def spend(self, group: str, now: int, *, origin: bool = False) -> dict[str, str]:
        """Count a request and return the headers that tell what is left.

        Raises:
            Refused: The second's requests are used up (429), or the client went on all the same (418).
        """
        limit = self._rules.upbit_connects if group == "websocket-connect" else self._rules.upbit_quotation
        if not self._rules.enforce:
            return self._headers(group, limit, limit)
        if now < self._blocked.get(group, 0):
            raise self._block(group, now)
        second, used = self._seconds.get(group, (0, 0))
        used = used + 1 if second == now // SECOND else 1
        self._seconds[group] = (now // SECOND, used)
        if used > limit or (origin and now - self._origin < _ORIGIN):
            raise self._refuse(group, now)
        if origin:
            self._origin = now
        if used == 1:
            self._over[group] = 0
        return self._headers(group, limit, limit - used)

    @staticmethod
    def _headers(group: str, limit: int, left: int) -> dict[str, str]:
        return {"Remaining-Req": f"group={group}; min={limit * 60}; sec={left}"}

    def _refuse(self, group: str, now: int) -> Refused:
        self._over[group] = self._over.get(group, 0) + 1
        if self._over[group] <= self._rules.tolerance:
            return _refused(429, "Too many API requests")
        self._blocked[group] = now + self._rules.ban * 2**self._bans
        self._over[group] = 0
        self._bans += 1
        return self._block(group, now)

    def _block(self, group: str, now: int) -> Refused:
        seconds = -(-(self._blocked[group] - now) // SECOND)
        return _refused(418, f"Too many requests: this IP is blocked for {seconds} seconds")
