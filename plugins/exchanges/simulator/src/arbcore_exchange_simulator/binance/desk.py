"""Takes private requests of one Binance product, over HTTP and over its WebSocket API: one set of endpoints for both.

Source: Binance developer documentation, 2026-11.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from arbcore_exchange_simulator.binance.asked import Asked, parsed
from arbcore_exchange_simulator.binance.counts import OrderCounts
from arbcore_exchange_simulator.binance.gate import Gate
from arbcore_exchange_simulator.binance.limits import BinanceLimits
from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.trading.account import Account, ApiKey
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.wire import Answer, Refused, Request, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.settings import Rules

Act = Literal["", "place", "cancel", "amend"]
"""What a request does to orders."""

UNKNOWN: Final = "Unknown error, please check your request or try again later."
"""Text of a 503 that says nothing about what happened."""


class Call(Struct, frozen=True):
    """A request that was let in: whose, its parameters, the time in ns, and the key that asked."""

    account: Account
    asked: Asked
    now: int
    key: ApiKey = ApiKey("")


class Endpoint(Struct, frozen=True):
    """What is asked for.

    Attributes:
        reply: Does it and returns the reply's content.
        weight: Of the address, or what tells it.
        act: What it does to orders.
        permission: Word that a key needs where it has a list of permissions.
        orders: How much it counts in the short and in the long window of orders.
        signed: False where the key alone is enough.
    """

    reply: Callable[[Call], Any]
    weight: int | Callable[[Asked], int] = 1
    act: Act = ""
    permission: str = ""
    orders: tuple[int, int] = (0, 0)
    signed: bool = True


class Silence(Exception):
    """A request was carried out, and its reply never comes."""


class Desk:
    """Endpoints of one product.

    Attributes:
        venue: ``usdm`` or ``spot``.
        gate: Lets requests in.
        limits: Weight by address.
        faults: The faults.
        endpoints: By method and path.
    """

    def __init__(self, venue: str, accounts: Accounts, limits: BinanceLimits, faults: FaultPlan, rules: "Rules",
                 clock: Callable[[], int]) -> None:  # fmt: skip
        self.venue: Final = venue
        self.limits: Final = limits
        self.faults: Final = faults
        self.rules: Final = rules
        self.clock: Final = clock
        self.gate: Final = Gate(venue, accounts, self.time, lambda: faults.strikes("ip_refused", venue) is not None)
        self.endpoints: Final[dict[tuple[str, str], Endpoint]] = {}
        self._counts: dict[str, OrderCounts] = {}

    def time(self) -> int:
        """Return the venue's own time in ns, which a fault may skew."""
        return self.clock() + self.faults.skew(self.venue)

    def counts(self, account: Account) -> OrderCounts:
        """Return an account's counters of orders."""
        found = self._counts.get(account.name)
        if found is None:
            found = self._counts[account.name] = OrderCounts(self.venue, self.rules)
        return found

    def serve(self, request: Request) -> Answer | None:
        """Answer a request; None where none of the endpoints has its path."""
        endpoint = self.endpoints.get((request.method, request.path))
        if endpoint is None:
            known = any(path == request.path for _, path in self.endpoints)
            return self._wrong_method(request) if known else None
        headers: dict[str, str] = {}
        try:
            self.limits.spend(self._weight(endpoint, request), self.clock())
            account, key, asked = self._let_in(endpoint, request)
            try:
                content = self.run(endpoint, Call(account, asked, self.clock(), key))
            finally:
                if endpoint.act:
                    headers = self.counts(account).headers(self.clock())
            answer = content if isinstance(content, Answer) else Answer(200, encode(content))
        except Silence:
            return Answer(200, b"{}", silent=True)
        except Refused as refusal:
            answer = refusal.answer
        return Answer(answer.status, answer.body, {**answer.headers, **headers, **self.limits.headers(self.clock())})

    def _wrong_method(self, request: Request) -> Answer | None:
        if any(path == request.path and method == "GET" for method, path in self.endpoints) or request.method != "GET":
            return refused(-1000, f"Request method '{request.method}' not supported", 405).answer
        return None

    def _let_in(self, endpoint: Endpoint, request: Request) -> tuple[Account, ApiKey, Asked]:
        if endpoint.signed:
            return self.gate.request(request, endpoint.permission)
        account, key = self.gate.key(request.headers.get("x-mbx-apikey", ""), request.ip, endpoint.permission)
        body = request.body.decode("utf-8", "replace")
        return account, key, Asked(dict(parsed(request.raw_query) + parsed(body)))

    @staticmethod
    def _weight(endpoint: Endpoint, request: Request) -> int:
        return endpoint.weight if isinstance(endpoint.weight, int) else endpoint.weight(Asked(request.query))

    def run(self, endpoint: Endpoint, call: Call) -> Any:
        """Do what is asked for, with the faults of requests that place, change and cancel orders.

        Raises:
            Refused: The venue does not do it, or says nothing about whether it did.
            Silence: It is done, and not answered.
        """
        if endpoint.orders != (0, 0):
            self.counts(call.account).spend(call.now, *endpoint.orders)
        if not endpoint.act:
            return endpoint.reply(call)
        symbol = call.asked.maybe("symbol")
        self._fail(endpoint.act, symbol, call.asked.values)
        content = endpoint.reply(call)
        if self.faults.strikes("unknown_5xx", self.venue, symbol, endpoint.act) is not None:
            raise refused(-1000, UNKNOWN, 503)
        if self.faults.strikes("ack_timeout", self.venue, symbol, endpoint.act) is not None:
            raise Silence
        return content

    def _fail(self, act: Act, symbol: str, values: Mapping[str, str]) -> None:
        """Refuse a request by a fault before anything is done.

        Raises:
            Refused: The venue is overloaded.
        """
        if self.faults.strikes("failed_5xx", self.venue, symbol, act) is not None:
            raise refused(-1000, "Service Unavailable.", 503)
        closes = values.get("reduceOnly") == "true" or values.get("closePosition") == "true"
        if not closes and self.faults.strikes("throttled", self.venue, symbol, act) is not None:
            raise refused(-1008)
