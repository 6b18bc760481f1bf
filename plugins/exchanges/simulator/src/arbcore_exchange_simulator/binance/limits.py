"""Binance's request weights: a counter per minute, then 429, then a ban (Binance API documentation, 2026-11)."""

from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.wire import Refused

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

_MINUTE: Final = 60_000_000_000
_FIVE: Final = 5 * _MINUTE
FUNDING_CALLS: Final = 500
"""Requests for funding history and intervals in five minutes."""

_ADVICE: Final = "Please use the websocket for live updates to avoid polling the API."


class BinanceLimits:
    """Counts weight as one client: all requests come from this machine.

    Attributes:
        limit: Weight a minute.
    """

    def __init__(self, venue: str, rules: "Rules") -> None:
        self.limit: Final = rules.usdm_weight if venue == "usdm" else rules.spot_weight
        self._rules = rules
        self._spot = venue == "spot"
        self._minute = (0, 0)
        self._funding = (0, 0)
        self._over = 0
        self._banned = 0
        self._bans = 0

    def headers(self, now: int) -> dict[str, str]:
        """Return the headers that every reply has; none where nothing is enforced, so that clients don't slow down."""
        return {"X-MBX-USED-WEIGHT-1M": str(self.used(now))} if self._rules.enforce else {}

    def used(self, now: int) -> int:
        """Return the weight of this minute."""
        minute, used = self._minute
        return used if minute == now // _MINUTE else 0

    def spend(self, weight: int, now: int, *, funding: bool = False) -> None:
        """Count a request.

        Raises:
            Refused: The minute's weight is used up (429), or the client went on all the same (418).
        """
        minute, used = self._minute
        used = weight + (used if minute == now // _MINUTE else 0)
        self._minute = (now // _MINUTE, used)
        if not self._rules.enforce:
            return
        if now < self._banned:
            raise self._ban(now)
        if funding:
            window, calls = self._funding
            self._funding = (now // _FIVE, 1 + (calls if window == now // _FIVE else 0))
        if used > self.limit or self._funding[1] > FUNDING_CALLS:
            raise self._refuse(now)
        self._over = 0

    def _refuse(self, now: int) -> Refused:
        self._over += 1
        if self._over <= self._rules.tolerance:
            text = f"Too many requests; current limit of IP(127.0.0.1) is {self.limit} requests per minute. {_ADVICE}"
            return self._with_wait(429, text, _MINUTE - now % _MINUTE)
        self._banned = now + self._rules.ban * 2**self._bans
        self._bans += 1
        self._over = 0
        return self._ban(now)

    def _ban(self, now: int) -> Refused:
        text = f"Way too many requests; IP(127.0.0.1) banned until {self._banned // 1_000_000}. {_ADVICE}"
        return self._with_wait(418, text, self._banned - now)

    def _with_wait(self, status: int, text: str, wait: int) -> Refused:
        """Return the refusal; only spot documents ``Retry-After``."""
        refusal = Refused(status, {"code": -1003, "msg": text})
        if self._spot:
            refusal.answer.headers["Retry-After"] = str(-(-wait // 1_000_000_000))
        return refusal
