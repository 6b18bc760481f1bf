"""The venues of a simulator put together: markets, REST, hubs and faults, without any I/O."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from arbcore_exchange_simulator.binance.hub import BinanceHub
from arbcore_exchange_simulator.binance.limits import BinanceLimits
from arbcore_exchange_simulator.binance.rest import BinanceRest
from arbcore_exchange_simulator.binance.session import BinanceSession
from arbcore_exchange_simulator.binance.spot.side import SpotPrivate
from arbcore_exchange_simulator.binance.streams import ROUTES
from arbcore_exchange_simulator.binance.usdm.side import UsdmPrivate
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.faults.presets import PRESETS
from arbcore_exchange_simulator.market.seeded import Seeded
from arbcore_exchange_simulator.market.world import QUANTUM, Source, World
from arbcore_exchange_simulator.settings import SimulatorSettings
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.trading.given import Control
from arbcore_exchange_simulator.upbit.hub import UpbitHub
from arbcore_exchange_simulator.upbit.limits import UpbitLimits
from arbcore_exchange_simulator.upbit.private import UpbitPrivate
from arbcore_exchange_simulator.upbit.rest import UpbitRest
from arbcore_exchange_simulator.upbit.session import UpbitSession
from arbcore_exchange_simulator.wire import Answer, PrivateSide, Query, Refused, Request, Session, Socket, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from arbcore_exchange_simulator.faults.fault import Fault

_PATHS: Final = re.compile(r"(?P<venue>upbit|binance/usdm|binance/spot)/(?P<rest>.*)")
_STREAMS: Final = re.compile(r"(?:(?P<route>public|market|private)/)?(?P<form>ws|stream)(?:/(?P<names>.*))?")
VENUE_OF: Final = {"upbit": "upbit", "binance/usdm": "usdm", "binance/spot": "spot"}
"""Venue by the start of its paths."""


def split(path: str) -> tuple[str, str]:
    """Return venue and rest of a path without its first slash; no venue for other paths."""
    match = _PATHS.fullmatch(path)
    return (VENUE_OF[match["venue"]], match["rest"]) if match else ("", path)


class Venues:
    """Everything that is simulated, in virtual time.

    Attributes:
        world: The markets.
        faults: The faults.
        accounts: The accounts.
        wallets: State of the coins' wallets on Upbit that are not working.
        upbit: Upbit for clients with keys.
        private: What each venue does for clients with keys, by venue.
    """

    def __init__(self, settings: SimulatorSettings, start: int) -> None:
        self._settings = settings
        self.source: Final[Source] = self._source(start)
        self.world: Final = World(self.source, start)
        mixture: Iterable[Fault] = PRESETS[settings.preset](settings.seed) if settings.preset else ()
        self.faults: Final = FaultPlan((*settings.faults, *mixture), start, settings.seed)
        self.faults.on_time(self.world)
        rules = settings.rules
        self._upbit_limits = UpbitLimits(rules)
        self._upbit_rest = UpbitRest(self.world, self._upbit_limits)
        self._upbit = UpbitHub(self.world)
        self._rests = {one: self._rest(one) for one in ("usdm", "spot")}
        self._hubs = {one: self._hub(one) for one in ("usdm", "spot")}
        # After the public hubs, so that a book is told before orders are filled by it.
        self.accounts: Final = Accounts(settings.accounts, self.world.symbols(), start)
        self.wallets: Final = dict(settings.wallets)
        self.upbit: Final = UpbitPrivate(
            self.world, self.accounts, self.faults, settings, self._upbit_limits, self.wallets
        )
        self.usdm: Final = UsdmPrivate(
            self.world, self.accounts, self.faults, rules, self._rests["usdm"], self._hubs["usdm"]
        )
        self.spot: Final = SpotPrivate(
            self.world, self.accounts, self.faults, rules, self._rests["spot"], self._hubs["spot"], self.usdm, self._pay
        )
        self.private: Final[dict[str, PrivateSide]] = {"upbit": self.upbit, "usdm": self.usdm, "spot": self.spot}

    def _source(self, start: int) -> Source:
        if self._settings.replay is None:
            return Seeded(self._settings, start)
        from arbcore_exchange_simulator.market.replay import Replay

        return Replay(self._settings, start)

    def _rest(self, venue: str) -> BinanceRest:
        return BinanceRest(
            venue, self.world, BinanceLimits(venue, self._settings.rules), lambda: self.faults.skew(venue)
        )

    def _hub(self, venue: str) -> BinanceHub:
        def lost(stream: str, symbol: str) -> bool:
            return self.faults.lost(venue, stream, symbol)

        return BinanceHub(venue, self.world, lost, noise=self._settings.noise)

    def step(self, until: int) -> None:
        """Let time go on in quanta; after each the faults are looked at."""
        world = self.world
        while world.now < until:
            world.step(min(until, world.now - world.now % QUANTUM + QUANTUM))
            self.faults.on_time(world)

    def control(self, told: Control) -> None:
        """Change accounts from outside.

        Raises:
            ValueError: An account is not known or known already, or an amount is wrong.
        """
        for one in told.add:
            self.accounts.add(one)
        for name, balances in told.set.items():
            self.accounts.set(name, balances)
        for deposit in told.deposit:
            self._pay(self.accounts.known(deposit.account), deposit.currency, deposit.amount)
        self.wallets.update(told.wallets)

    def _pay(self, account: Account, currency: str, amount: Decimal) -> None:
        """Let money arrive at an account, so that its venue lists it among the deposits."""
        if account.venue == "upbit":
            self.upbit.transfers.deposit(account, currency, amount)
        else:
            self.accounts.pay(account, currency, amount)

    def answer(self, method: str, venue: str, path: str, query: Query, *, origin: bool = False) -> Answer:
        """Answer a public request of a venue; see `serve`."""
        headers = {"origin": "https://example.org"} if origin else {}
        return self.serve(Request(method, venue, path, urlencode(query), query, headers))

    def serve(self, request: Request) -> Answer:
        """Answer a request of a venue, with no fault but those that are replies."""
        method, venue, path, query = request.method, request.venue, request.path, request.query
        symbol = query.get("symbol") or query.get("market") or query.get("markets") or ""
        for fault in self.faults.reply(venue, symbol):
            spoiled = self._spoiled(fault.kind, fault.status, venue, signed="authorization" in request.headers)
            if spoiled is not None:
                return spoiled
        private = self.private[venue].serve(request) if venue in self.private else None
        if private is not None:
            return private
        origin = "origin" in request.headers
        if venue != "upbit":
            return self._rests[venue].answer(method, path, query)
        if not path.startswith("v1/"):
            return Answer(404, encode({"error": {"name": 404, "message": "Not Found"}}))
        return self._upbit_rest.answer(method, path.removeprefix("v1/"), query, origin=origin)

    def _spoiled(self, kind: str, status: int, venue: str, *, signed: bool) -> Answer | None:
        """Return the reply of a fault; None where the fault is none of a reply's content."""
        upbit = venue == "upbit"
        if kind in {"http_429", "http_418"}:
            number = int(kind[-3:])
            until = (self.world.now + self._settings.rules.ban) // 1_000_000
            text = (
                f"Way too many requests; IP(127.0.0.1) banned until {until}." if number == 418 else "Too many requests."
            )
            name = "too_many_requests" if signed else number
            body = {"error": {"name": name, "message": text}} if upbit else {"code": -1003, "msg": text}
            return Answer(number, encode(body), {"Retry-After": "1"} if venue == "spot" else {})
        if kind == "maintenance" and upbit:
            if status == 500:
                name = "internal_server_error" if signed else 500
                return Answer(500, encode({"error": {"name": name, "message": "internal_server_error"}}))
            return Answer(403, encode({"error": {"name": "market_offline", "message": "The market is offline."}}))
        if kind == "maintenance":
            return Answer(503, encode({"code": -1008, "msg": "Service Unavailable."}))
        if kind == "http_5xx":
            text = "Unknown error, please check your request or try again later."
            name = "internal_server_error" if signed else status
            body = {"error": {"name": name, "message": text}} if upbit else {"code": -1000, "msg": text}
            return Answer(status, encode(body))
        return None

    def connect(self, venue: str, path: str, query: Query, socket: Socket, *, origin: bool = False) -> Session:
        """Open a client's conversation by path and parameters alone; see `open`."""
        headers = {"origin": "https://example.org"} if origin else {}
        return self.open(Request("GET", venue, path, urlencode(query), query, headers), socket)

    def open(self, request: Request, socket: Socket) -> Session:
        """Open a client's conversation.

        Raises:
            Refused: There is no such stream address, it needs a key, or the venue opens no sockets now.
        """
        venue, path, query = request.venue, request.path, request.query
        if self.faults.barred(venue):
            raise Refused(503, {"error": {"name": 503, "message": "Service Unavailable"}})
        private = self.private[venue].open(request, socket) if venue in self.private else None
        if private is not None:
            return private
        now, rules, origin = self.world.now, self._settings.rules, "origin" in request.headers
        if venue == "upbit":
            if path != "websocket/v1":
                raise Refused(404, {"error": {"name": 404, "message": "Not Found"}})
            self._upbit_limits.spend("websocket-connect", now, origin=origin)
            return UpbitSession(self._upbit, socket, rules, now)
        match = _STREAMS.fullmatch(path)
        if match is None or (match["route"] or "") not in (ROUTES if venue == "usdm" else ("",)):
            raise Refused(404, {"code": -5000, "msg": f"Path /{path} is invalid"})
        wrap = match["form"] == "stream"
        session = BinanceSession(self._hubs[venue], socket, rules, match["route"] or "", wrap=wrap, now=now)
        names = query.get("streams", "") if wrap else match["names"] or ""
        session.open([name for name in names.split("/") if name])
        return session
