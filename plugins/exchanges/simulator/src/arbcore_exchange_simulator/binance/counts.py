"""Binance's counters of orders: by account, beside the weight of its address (Binance documentation, 2026-11)."""

from typing import TYPE_CHECKING, Final

from arbcore_exchange_simulator.binance.refusals import refused

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

_SECOND: Final = 1_000_000_000
_TEN: Final = 10 * _SECOND
_MINUTE: Final = 60 * _SECOND
_DAY: Final = 86_400 * _SECOND

Window = tuple[str, str, int, int, int]
"""Name in the header, interval, number of intervals, length in ns, and the most orders."""

WINDOWS: Final[dict[str, tuple[Window, ...]]] = {
    "usdm": (("10S", "SECOND", 10, _TEN, 300), ("1M", "MINUTE", 1, _MINUTE, 1200)),
    "spot": (("10S", "SECOND", 10, _TEN, 100), ("1D", "DAY", 1, _DAY, 200_000)),
}
"""Windows of each product."""


class OrderCounts:
    """Orders of one account in each window."""

    def __init__(self, venue: str, rules: "Rules") -> None:
        self._windows = WINDOWS[venue]
        self._enforce = rules.enforce
        self._counts: dict[str, tuple[int, int]] = {}

    def used(self, name: str, now: int) -> int:
        """Return how many orders a window counts."""
        length = next(window[3] for window in self._windows if window[0] == name)
        number, used = self._counts.get(name, (0, 0))
        return used if number == now // length else 0

    def spend(self, now: int, short: int = 1, long: int = 1) -> None:
        """Count orders: in the short window, and in the long one.

        Raises:
            Refused: A window is full (-1015); nothing is counted then.
        """
        for (name, interval, many, _, most), cost in zip(self._windows, (short, long), strict=True):
            if self._enforce and self.used(name, now) + cost > most:
                raise refused(-1015, f"Too many new orders; current limit is {most} orders per {many} {interval}.")
        for (name, _, _, length, _), cost in zip(self._windows, (short, long), strict=True):
            self._counts[name] = (now // length, self.used(name, now) + cost)

    def headers(self, now: int) -> dict[str, str]:
        """Return the headers of replies to orders."""
        return {f"X-MBX-ORDER-COUNT-{window[0]}": str(self.used(window[0], now)) for window in self._windows}

    def rows(self, now: int) -> list[dict[str, object]]:
        """Return the counters as WebSocket replies list them."""
        return [
            {
                "rateLimitType": "ORDERS",
                "interval": interval,
                "intervalNum": many,
                "limit": most,
                "count": self.used(name, now),
            }
            for name, interval, many, _, most in self._windows
        ]
