"""A plain client of Binance's private side in memory and in virtual time, for tests: it signs, asks and listens."""

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from arbcore_exchange_simulator.memory import MemoryClient
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY
from arbcore_exchange_simulator.venues import Venues
from arbcore_exchange_simulator.wire import Answer, Request

_REFUSED: Final = 400
_PLACE: Final = {"usdm": "fapi/v1/order", "spot": "api/v3/order"}


def sign(payload: str, secret: str = BINANCE_MONEY_KEY.secret.get_secret_value()) -> str:
    """Return the HMAC of a payload as Binance wants it."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


class BinanceTrader:
    """Asks one product with one key.

    Attributes:
        venues: What it asks.
        venue: ``usdm`` or ``spot``.
        key: Its key.
        last: The latest answer, with its headers.
    """

    def __init__(self, venues: Venues, venue: str, key: str = BINANCE_MONEY_KEY.key,
                 secret: str = BINANCE_MONEY_KEY.secret.get_secret_value()) -> None:  # fmt: skip
        self.venues: Final = venues
        self.venue: Final = venue
        self.key: Final = key
        self.last = Answer(0, b"")
        self._secret = secret

    @property
    def ms(self) -> int:
        """Time in UTC ms."""
        return self.venues.world.time_ms

    def raw(self, method: str, path: str, query: str = "", body: str = "", key: str | None = None) -> tuple[int, Any]:
        """Ask for something as it is told; return status and content, None where no reply comes."""
        pairs = dict(part.split("=", 1) for part in query.split("&") if part)
        headers = {"x-mbx-apikey": self.key if key is None else key}
        self.last = self.venues.serve(Request(method, self.venue, path, query, pairs, headers, body.encode()))
        return self.last.status, None if self.last.silent else msgspec.json.decode(self.last.body)

    def ask(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        """Ask for something signed, with the parameters in the query."""
        query = urlencode({**params, "timestamp": params.get("timestamp", self.ms)})
        return self.raw(method, path, f"{query}&signature={sign(query, self._secret)}")

    def done(self, method: str, path: str, **params: Any) -> Any:
        """Ask for something that has to succeed; return its content.

        Raises:
            AssertionError: It was refused.
        """
        status, content = self.ask(method, path, **params)
        if status >= _REFUSED:
            raise AssertionError(f"{method} {path}: {content}")
        return content

    def code(self, method: str, path: str, **params: Any) -> int:
        """Ask for something that has to be refused; return the code.

        Raises:
            AssertionError: It was done.
        """
        status, content = self.ask(method, path, **params)
        if status < _REFUSED:
            raise AssertionError(f"{method} {path}: {content}")
        return int(content["code"])

    def order(self, side: str, quantity: str, price: str = "", **params: Any) -> Any:
        """Place an order in BTCUSDT, a limit where a price is told; return the reply."""
        return self.done("POST", _PLACE[self.venue], **(self._terms(side, quantity, price) | params))

    def refused(self, side: str, quantity: str, price: str = "", **params: Any) -> int:
        """Place an order that has to be refused; return the code."""
        return self.code("POST", _PLACE[self.venue], **(self._terms(side, quantity, price) | params))

    @staticmethod
    def _terms(side: str, quantity: str, price: str) -> dict[str, str]:
        kind = {"type": "LIMIT", "price": price, "timeInForce": "GTC"} if price else {"type": "MARKET"}
        return {"symbol": "BTCUSDT", "side": side, "quantity": quantity, **kind}

    def step(self, seconds: float) -> None:
        """Let time pass."""
        self.venues.step(self.venues.world.now + round(seconds * 1e9))

    def listen(self, path: str = "private/ws", **query: str) -> MemoryClient:
        """Listen on the futures' private route; with the account's own key where no parameters are told."""
        if not query:
            _, content = self.raw("POST", "fapi/v1/listenKey")
            query = {"listenKey": content["listenKey"]}
        return MemoryClient(self.venues, "usdm", path, query)
