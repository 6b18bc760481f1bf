"""Settings of a futures account, and its listen key (Binance developer documentation, 2026-11)."""

from arbcore_exchange_simulator.binance.desk import Call, Endpoint
from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.usdm import events
from arbcore_exchange_simulator.binance.usdm.brackets import brackets_of, most
from arbcore_exchange_simulator.binance.usdm.ledger import FuturesLedger
from arbcore_exchange_simulator.binance.usdm.orders import UsdmOrders
from arbcore_exchange_simulator.binance.usdm.streams import UserStreams

_DONE = {"code": 200, "msg": "success"}
_LISTEN = "fapi/v1/listenKey"


class UsdmChanges:
    """Replies to requests that change how an account trades."""

    def __init__(self, orders: UsdmOrders, ledger: FuturesLedger, streams: UserStreams) -> None:
        self._orders = orders
        self._ledger = ledger
        self._streams = streams

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Return the endpoints by method and path."""
        return {
            ("POST", "fapi/v1/leverage"): Endpoint(self.leverage, 1, "", "futures"),
            ("POST", "fapi/v1/marginType"): Endpoint(self.margin_type, 1, "", "futures"),
            ("POST", "fapi/v1/positionSide/dual"): Endpoint(self.mode, 1, "", "futures"),
            ("GET", "fapi/v1/positionSide/dual"): Endpoint(self.mode_now, 30),
            ("POST", "fapi/v1/multiAssetsMargin"): Endpoint(self.multi, 1, "", "futures"),
            ("GET", "fapi/v1/multiAssetsMargin"): Endpoint(self.multi_now, 30),
            ("POST", "fapi/v1/feeBurn"): Endpoint(self.burn, 1, "", "futures"),
            ("GET", "fapi/v1/feeBurn"): Endpoint(self.burn_now, 30),
            ("POST", _LISTEN): Endpoint(self.listen, signed=False),
            ("PUT", _LISTEN): Endpoint(self.listen_on, signed=False),
            ("DELETE", _LISTEN): Endpoint(self.listen_no_more, signed=False),
        }

    def leverage(self, call: Call) -> Row:
        """Set a symbol's leverage."""
        symbol = self._orders.market(call.asked).listing.symbol
        wanted, holding = call.asked.whole("leverage"), self._ledger.of(call.account)
        if not 1 <= wanted <= brackets_of(symbol)[0].leverage:
            raise refused(-4028, f"Leverage {wanted} is not valid")
        lower = wanted < holding.leverage(symbol)
        if lower and symbol in holding.isolated and holding.open_positions(symbol):
            raise refused(-4161)
        if holding.exposure(symbol) > most(symbol, wanted):
            raise refused(-2027)
        before = holding.leverage(symbol)
        holding.leverages[symbol] = wanted
        if lower and holding.free_margin < 0:
            holding.leverages[symbol] = before
            raise refused(-2019)
        ms = call.now // 1_000_000
        self._streams.emit(call.account, events.leverage_update(symbol, wanted, ms), call.now, symbol)
        return {"leverage": wanted, "maxNotionalValue": str(int(most(symbol, wanted))), "symbol": symbol}

    def margin_type(self, call: Call) -> Row:
        """Set whether a symbol's margin is isolated."""
        symbol = self._orders.market(call.asked).listing.symbol
        isolated = call.asked.one_of("marginType", ("ISOLATED", "CROSSED")) == "ISOLATED"
        holding = self._ledger.of(call.account)
        if isolated is (symbol in holding.isolated):
            raise refused(-4046)
        if isolated and holding.multi:
            raise refused(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.")
        if holding.open_orders(symbol):
            raise refused(-4047)
        if holding.open_positions(symbol):
            raise refused(-4048)
        (holding.isolated.add if isolated else holding.isolated.discard)(symbol)
        return dict(_DONE)

    def mode(self, call: Call) -> Row:
        """Set whether long and short positions are kept apart: one setting for all symbols."""
        hedge, holding = call.asked.flag("dualSidePosition"), self._ledger.of(call.account)
        if hedge is holding.hedge:
            raise refused(-4059)
        if holding.orders:
            raise refused(-4067)
        if holding.open_positions():
            raise refused(-4068)
        holding.hedge = hedge
        return dict(_DONE)

    def mode_now(self, call: Call) -> Row:
        """Return whether long and short positions are kept apart."""
        return {"dualSidePosition": self._ledger.of(call.account).hedge}

    def multi(self, call: Call) -> Row:
        """Set whether other assets back positions."""
        wanted, holding = call.asked.flag("multiAssetsMargin"), self._ledger.of(call.account)
        if wanted is holding.multi:
            raise refused(-4171)
        if wanted and holding.isolated:
            raise refused(-4168, "Unable to adjust to Multi-Assets mode with symbols of isolated-margin mode.")
        holding.multi = wanted
        self._streams.emit(call.account, events.assets_update(wanted, call.now // 1_000_000), call.now)
        return dict(_DONE)

    def multi_now(self, call: Call) -> Row:
        """Return whether other assets back positions."""
        return {"multiAssetsMargin": self._ledger.of(call.account).multi}

    def burn(self, call: Call) -> Row:
        """Set whether fees are paid in BNB."""
        self._ledger.of(call.account).burn = call.asked.flag("feeBurn")
        return dict(_DONE)

    def burn_now(self, call: Call) -> Row:
        """Return whether fees are paid in BNB."""
        return {"feeBurn": self._ledger.of(call.account).burn}

    def listen(self, call: Call) -> Row:
        """Open a listen key."""
        return {"listenKey": self._streams.keys.open(call.account, call.now)}

    def listen_on(self, call: Call) -> Row:
        """Let the listen key live on."""
        return {"listenKey": self._streams.keys.extend(call.account, call.now)}

    def listen_no_more(self, call: Call) -> Row:
        """End the listen key; sockets that use it fall silent."""
        self._streams.keys.close(call.account)
        return {}
