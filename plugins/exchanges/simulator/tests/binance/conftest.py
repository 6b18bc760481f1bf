"""A plain client of Binance's private side, written here and not with the adapters: it signs, asks and listens."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from arbcore_exchange_simulator.memory import MemoryClient
from arbcore_exchange_simulator.trading.given import BINANCE_KEY
from arbcore_exchange_simulator.venues import Venues
from arbcore_exchange_simulator.wire import Answer, Request

KEY = BINANCE_KEY.key
SECRET = BINANCE_KEY.secret.get_secret_value()


def signature(payload: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


class Trader:
    """Asks one product in virtual time.

    Attributes:
        last: The latest answer, with its headers.
    """

    def __init__(self, venues: Venues, venue: str, key: str = KEY, secret: str = SECRET) -> None:
        self.venues = venues
        self.venue = venue
        self.key = key
        self.secret = secret
        self.last = Answer(0, b"")

    @property
    def ms(self) -> int:
        return self.venues.world.now // 1_000_000

    def raw(self, method: str, path: str, query: str = "", body: str = "", key: str | None = None) -> tuple[int, Any]:
        pairs = dict(part.split("=", 1) for part in query.split("&") if part)
        headers = {"x-mbx-apikey": self.key if key is None else key}
        request = Request(method, self.venue, path, query, pairs, headers, body.encode())
        self.last = self.venues.serve(request)
        return self.last.status, None if self.last.silent else msgspec.json.decode(self.last.body)

    def ask(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        """Ask for something signed, with the parameters in the query."""
        query = urlencode({**params, "timestamp": params.get("timestamp", self.ms)})
        return self.raw(method, path, f"{query}&signature={signature(query, self.secret)}")

    def done(self, method: str, path: str, **params: Any) -> Any:
        """Ask for something that has to succeed; return its content."""
        status, content = self.ask(method, path, **params)
        assert status == 200, content
        return content

    def code(self, method: str, path: str, **params: Any) -> int:
        """Ask for something that has to be refused; return the code."""
        status, content = self.ask(method, path, **params)
        assert status >= 400, content
        found = content["code"]
        assert isinstance(found, int)
        return found

    def order(self, side: str, quantity: str, price: str = "", **params: Any) -> Any:
        """Place an order in BTCUSDT: a limit where a price is told."""
        path = "fapi/v1/order" if self.venue == "usdm" else "api/v3/order"
        terms = {"type": "LIMIT", "price": price, "timeInForce": "GTC"} if price else {"type": "MARKET"}
        return self.done("POST", path, symbol="BTCUSDT", side=side, quantity=quantity, **(terms | params))

    def refused(self, side: str, quantity: str, price: str = "", **params: Any) -> int:
        path = "fapi/v1/order" if self.venue == "usdm" else "api/v3/order"
        terms = {"type": "LIMIT", "price": price, "timeInForce": "GTC"} if price else {"type": "MARKET"}
        return self.code("POST", path, symbol="BTCUSDT", side=side, quantity=quantity, **(terms | params))

    def step(self, seconds: float) -> None:
        self.venues.step(self.venues.world.now + round(seconds * 1e9))

    def listen(self, path: str = "private/ws", **query: str) -> MemoryClient:
        """Listen on a private stream; with the account's own key where none is told."""
        if not query:
            _, content = self.raw("POST", "fapi/v1/listenKey")
            query = {"listenKey": content["listenKey"]}
        return MemoryClient(self.venues, "usdm", path, query)


@pytest.fixture
def usdm(venues: Venues) -> Trader:
    return Trader(venues, "usdm")


@pytest.fixture
def spot(venues: Venues) -> Trader:
    return Trader(venues, "spot")


@pytest.fixture
def trader(venues: Venues) -> Callable[..., Trader]:
    def made(venue: str, key: str = KEY, secret: str = SECRET) -> Trader:
        return Trader(venues, venue, key, secret)

    return made


@pytest.fixture
def call(venues: Venues) -> Callable[..., Any]:
    """Ask a WebSocket API something signed: the parameters sorted by name are what is signed."""

    def called(client: MemoryClient, method: str, *, signed: bool = True, **params: Any) -> Any:
        if signed:
            params |= {"apiKey": KEY, "timestamp": venues.world.now // 1_000_000}
            payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
            params["signature"] = signature(payload)
        client.say({"id": "one", "method": method, "params": params})
        answers = [frame for frame in client.take() if frame.get("id") == "one"]
        return answers[0] if answers else None

    return called


@pytest.fixture
def sign() -> Callable[..., str]:
    return signature
