"""Upbit's exchange API (Upbit developer centre, 2026-11): who may ask, how often, and who answers."""

from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.faults.reports import Reports
from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.trading.ledger import SpotLedger
from arbcore_exchange_simulator.trading.matching import Matching
from arbcore_exchange_simulator.upbit.asked import Asked
from arbcore_exchange_simulator.upbit.later import Later
from arbcore_exchange_simulator.upbit.limits import UpbitLimits
from arbcore_exchange_simulator.upbit.orders import UpbitOrders
from arbcore_exchange_simulator.upbit.private_hub import PrivateHub
from arbcore_exchange_simulator.upbit.private_session import PrivateSession
from arbcore_exchange_simulator.upbit.problems import problem
from arbcore_exchange_simulator.upbit.tokens import Flat, Tokens, read_body
from arbcore_exchange_simulator.upbit.transfers import UpbitTransfers
from arbcore_exchange_simulator.upbit.wallet import UpbitWallet
from arbcore_exchange_simulator.wire import Answer, Refused, Request, Session, Socket, encode

if TYPE_CHECKING:
    from arbcore_exchange_simulator.market.world import World
    from arbcore_exchange_simulator.settings import SimulatorSettings

Handler = Callable[[Asked], Any]

_STREAMS: Final = {
    ("POST", "orders"): "place",
    ("POST", "orders/cancel_and_new"): "amend",
    ("DELETE", "order"): "cancel",
    ("DELETE", "orders/uuids"): "cancel",
    ("DELETE", "orders/open"): "cancel",
}
_GROUPS: Final = {
    ("POST", "orders"): "order",
    ("POST", "orders/cancel_and_new"): "order",
    ("POST", "orders/test"): "order-test",
    ("DELETE", "orders/open"): "order-cancel-all",
}
_SPOILED: Final = "internal_server_error"


class UpbitPrivate:
    """Upbit for clients with keys.

    Attributes:
        matching: Where orders trade.
        hub: The private stream.
        transfers: Withdrawals, deposits and pockets.
    """

    def __init__(
        self,
        world: "World",
        accounts: Accounts,
        faults: FaultPlan,
        settings: "SimulatorSettings",
        limits: UpbitLimits,
        wallets: dict[str, Any],
    ) -> None:
        self._world, self._faults, self._limits, self._rules = world, faults, limits, settings.rules
        self._tokens = Tokens(accounts)
        self._later = Later()
        rate = settings.rules.upbit_fee
        ledger = SpotLedger(lambda account, _market: account.fees or (rate, rate), "quote")
        self.matching: Final = Matching("upbit", world, ledger)
        self.matching.halted = lambda market: faults.holds("market_offline", "upbit", market.listing.symbol) is not None
        orders = UpbitOrders(world, self.matching, faults, settings.rules, self._later)
        self.hub: Final = PrivateHub(world, Reports("upbit", faults), settings.rules)
        self.matching.watchers.append(self.hub)
        accounts.on_changed.append(self._changed)
        wallet = UpbitWallet(world, accounts, orders, wallets)
        self.transfers: Final = UpbitTransfers(world, accounts, settings.rules, self._later, self.hub)
        self._routes: dict[tuple[str, str], tuple[str, Handler]] = {
            **_order_routes(orders),
            **wallet.routes(),
            **self.transfers.routes(),
        }
        self._paths = {path for _, path in self._routes}
        world.listeners.append(self)

    def serve(self, request: Request) -> Answer | None:
        """Answer a private request; None where the path is none of the exchange API."""
        path = request.path.removeprefix("v1/")
        if not request.path.startswith("v1/") or path not in self._paths:
            return None
        headers: dict[str, str] = {}
        try:
            answer = self._answer(request, path, headers)
        except Refused as refusal:
            answer = refusal.answer
        headers |= self._date()
        return Answer(answer.status, answer.body, {**headers, **answer.headers}, answer.silent)

    def open(self, request: Request, socket: Socket) -> Session | None:
        """Open a private socket; its token comes with the handshake.

        Raises:
            Refused: The token is missing or wrong (401, ``INVALID_AUTH``), or there are too many handshakes.
        """
        if request.path != "websocket/v1/private":
            return None
        try:
            self._refuse_ip()
            account, _ = self._tokens.check(request, Flat(), self._world.now)
        except Refused:
            body = {"error": {"name": "INVALID_AUTH", "message": "인증 정보가 올바르지 않습니다."}}
            raise Refused(401, body) from None
        origin = "origin" in request.headers
        self._limits.spend("websocket-connect", self._world.now, origin=origin, pocket=account.name)
        return PrivateSession(self.hub, socket, self._rules, self._world.now, account)

    def on_book(self, market: Market) -> None:
        """Nothing hangs on books here."""

    def on_trade(self, market: Market, trade: Trade) -> None:
        """Nothing hangs on trades here."""

    def on_time(self, now: int) -> None:
        """Do what is due."""
        self._later.run(now)
        self.hub.release(now)

    def _date(self) -> dict[str, str]:
        """Return the date header of a clock that a fault has put wrong."""
        skew = self._faults.skew("upbit")
        return {"Date": formatdate((self._world.now + skew) / 1e9, usegmt=True)} if skew else {}

    def _changed(self, account: Account, currencies: tuple[str, ...]) -> None:
        if account.venue == "upbit":
            self.hub.on_cash(account, currencies, "deposit")

    def _answer(self, request: Request, path: str, headers: dict[str, str]) -> Answer:
        body = self._body(request)
        self._refuse_ip()
        account, key = self._tokens.check(request, body, self._world.now)
        asked = Asked(request, body, account, key)
        place = (request.method, path)
        headers.update(self._limits.spend(_GROUPS.get(place, "default"), self._world.now, pocket=account.name))
        found = self._routes.get(place)
        if found is None:
            raise Refused(405, {"error": {"name": "method_not_allowed", "message": "Method Not Allowed"}})
        scope, handler = found
        if scope:
            asked.require(scope)
        stream = _STREAMS.get(place, "query")
        self._spoil(stream, asked)
        reply = handler(asked)
        return self._sent(stream, asked, reply, 201 if place in {("POST", "orders"), ("POST", "orders/test")} else 200)

    def _body(self, request: Request) -> Flat:
        if not request.body:
            return Flat()
        lenient = self._rules.upbit_bodies
        if request.method != "POST" and not lenient:
            raise problem("QUERY_PARAMETER_NOT_SUPPORTED")
        if lenient and "form" in request.headers.get("content-type", ""):
            return Flat(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
        if "json" not in request.headers.get("content-type", ""):
            raise problem("bad_request", "Send the body as application/json; forms are not supported.")
        return read_body(request.body)

    def _refuse_ip(self) -> None:
        if self._faults.strikes("ip_refused", "upbit") is not None:
            raise problem("no_authorization_ip")

    def _symbol(self, asked: Asked) -> str:
        """Return the market that an order request is about, for faults."""
        uuid = asked.text("uuid") or asked.text("prev_order_uuid")
        name = asked.text("identifier") or asked.text("prev_order_identifier")
        order = UpbitOrders.find(asked.account, uuid, name)
        return asked.text("market") or (order.symbol if order is not None else "")

    def _spoil(self, stream: str, asked: Asked) -> None:
        """Let the faults act that keep a request from being carried out.

        Raises:
            Refused: One does.
        """
        symbol = self._symbol(asked)
        if stream != "query" and self._faults.strikes("failed_5xx", "upbit", symbol, stream) is not None:
            raise problem(_SPOILED)
        if stream == "cancel":
            refused = self._faults.strikes("cancel_refused", "upbit", symbol, stream)
            if refused is not None:
                raise problem(refused.code or "bad_request", "The order can't be cancelled now.")
        if stream in {"place", "amend"}:
            refused = self._faults.strikes("reject_order", "upbit", symbol, stream)
            if refused is not None:
                raise problem(refused.code or f"create_{asked.text('side', 'bid')}_error")

    def _sent(self, stream: str, asked: Asked, reply: Any, status: int) -> Answer:
        """Return a reply, unless a fault loses it after all was done."""
        symbol = self._symbol(asked)
        answer = Answer(status, encode(reply))
        if stream == "query":
            return answer
        if self._faults.strikes("ack_timeout", "upbit", symbol, stream) is not None:
            answer.silent = True
        elif self._faults.strikes("unknown_5xx", "upbit", symbol, stream) is not None:
            raise problem(_SPOILED)
        return answer


def _order_routes(orders: UpbitOrders) -> dict[tuple[str, str], tuple[str, Handler]]:
    return {
        ("POST", "orders"): ("order", orders.place),
        ("POST", "orders/test"): ("order", orders.test),
        ("POST", "orders/cancel_and_new"): ("order", orders.replace),
        ("DELETE", "order"): ("order", orders.cancel),
        ("DELETE", "orders/uuids"): ("order", orders.cancel_many),
        ("DELETE", "orders/open"): ("order", orders.cancel_open),
        ("GET", "order"): ("order-view", orders.one),
        ("GET", "orders/uuids"): ("order-view", orders.by_ids),
        ("GET", "orders/open"): ("order-view", orders.open),
        ("GET", "orders/closed"): ("order-view", orders.closed),
    }
