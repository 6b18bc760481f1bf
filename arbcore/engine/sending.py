"""Sending: builds the orders of an intent, sets aside what they need, and stores each before it leaves."""

from decimal import Decimal
from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.market import Market
from arbcore.engine.orders import LiveIntent, LiveOrder
from arbcore.engine.output import Outbox
from arbcore.engine.reducing import reduces
from arbcore.model.effect import Submit
from arbcore.model.events import OrderIntended
from arbcore.model.intent import IntentKind, IntentLeg
from arbcore.model.order import OrderRequest, Side, TimeInForce

_OPENS: Final = frozenset({IntentKind.ENTRY, IntentKind.TOP_UP})


class Sending:
    """Builds orders.

    Args:
        market: Instruments.
        accounts: Net positions, and what is set aside.
        outbox: Where events go.
        settings: Ids and times.
    """

    def __init__(self, market: Market, accounts: Accounts, outbox: Outbox, settings: ExecutionSettings) -> None:
        self._market: Final = market
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self._settings: Final = settings

    def intend(
        self, live: LiveIntent, index: int, wanted: IntentLeg, life: TimeInForce = TimeInForce.IOC
    ) -> tuple[LiveOrder, Submit]:
        """Store an order of one of an intent's legs; return it with the effect that sends it."""
        leg = live.legs[index]
        venue = self._market.instruments[wanted.instrument].instrument.venue
        attempt = live.attempts(leg)
        request = OrderRequest(
            client_order_id=f"{self._settings.prefix}-{self._settings.epoch}-{live.intent.id}-{leg}-{attempt}",
            instrument=wanted.instrument,
            side=wanted.side,
            quantity=wanted.quantity,
            price=wanted.price,
            time_in_force=life,
            reduce_only=self._reduces(live.intent.kind, wanted.instrument, wanted.side, wanted.quantity),
            expires_at=self.expires_at(live),
        )
        reserved = self.reserve(live, request, venue)
        event = OrderIntended(order=request, venue=venue, intent=live.intent.id, leg=leg, attempt=attempt)
        cause = self._outbox.emit(event, request.client_order_id)
        order = LiveOrder(request, venue, live, leg, cause, reserved, self._outbox.now)
        live.orders.append(order)
        return order, Submit(venue, request)

    def expires_at(self, live: LiveIntent) -> int:
        """Return when orders sent now are cancelled; 0 on bars, where they live until the next opening."""
        if any(self._market.instruments[leg.instrument].by_bars for leg in live.intent.legs):
            return 0
        return self._outbox.now + self._settings.ttl_ns

    def reserve(self, live: LiveIntent, request: OrderRequest, venue: str) -> tuple[str, Decimal] | None:
        """Set aside what an order that opens needs; return it, None for one that closes."""
        if live.intent.kind not in _OPENS or request.price is None:
            return None
        instrument = self._market.instruments[request.instrument].instrument
        currency, amount = self._accounts.need(instrument, request.side, request.quantity, request.price)
        self._accounts.reserve(venue, currency, amount)
        return currency, amount

    def _reduces(self, kind: IntentKind, key: str, side: Side, quantity: Decimal) -> bool:
        """Tell whether the venue's net position lets an order be marked as reducing only."""
        if kind in _OPENS:
            return False
        return reduces(self._accounts, self._market.instruments[key].instrument, side, quantity)
