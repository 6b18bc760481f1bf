"""A real venue, honest but for one lie about what simulated ones lack: amends, triggers, leverage, the switch."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Self

from msgspec.structs import replace

from arbcore.errors import ExchangeRefused
from arbcore.model.account import AccountFacts, MarginMode, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Amendment, OrderOrigin, OrderRef, OrderReport, OrderRequest


class Twisted:
    """Passes everything on to a venue, and lies in one way.

    Args:
        venue: The venue.
        lie: Which lie.
    """

    def __init__(self, venue: Any, lie: str) -> None:
        self._venue = venue
        self._lie = lie
        self._leverage: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def __aenter__(self) -> Self:
        """Open."""
        await self._venue.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        await self._venue.__aexit__(*exc)

    async def run(self, instruments: Sequence[str], report: Callable[[Any], None]) -> None:
        """Run, and call a liquidation somebody's order."""

        def tell(item: Any) -> None:
            if (
                self._lie == "a liquidation told as an order"
                and getattr(item, "origin", None) is OrderOrigin.LIQUIDATION
            ):
                item = replace(item, origin=OrderOrigin.FOREIGN)
            report(item)

        await self._venue.run(instruments, tell)

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send, or send something else."""
        if self._lie == "spends twice the cost" and order.cost is not None:
            order = replace(order, cost=order.cost * 2)
        if self._lie == "triggers elsewhere" and order.trigger_price is not None:
            order = replace(order, trigger_price=order.trigger_price * Decimal("0.99") // 1)
        report: OrderReport = await self._venue.submit(order)
        return report

    async def amend(self, order: OrderRef, change: Amendment) -> OrderReport:
        """Amend, or say so only."""
        if self._lie == "amends nothing":
            found = await self._venue.look_up(order)
            return next(one for one in found if isinstance(one, OrderReport))
        if self._lie == "amends the price only":
            (listed,) = await self._venue.open_orders(order.instrument)
            change = replace(change, quantity=listed.quantity)
        if self._lie == "a refused amend is done":
            try:
                return await self._amended(order, change)
            except ExchangeRefused:
                return OrderReport(client_order_id=order.client_order_id, state="ACKNOWLEDGED", ts=1, recv_ts=1)  # type: ignore[arg-type]  # a lie
        return await self._amended(order, change)

    async def _amended(self, order: OrderRef, change: Amendment) -> OrderReport:
        report: OrderReport = await self._venue.amend(order, change)
        return report

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """List, without what waits for a trigger."""
        found: Sequence[OpenOrder] = await self._venue.open_orders(instrument)
        if self._lie == "lists no triggers":
            return [one for one in found if one.trigger_price is None]
        return found

    async def snapshot(self) -> AccountSnapshot:
        """State positions, turned round."""
        found: AccountSnapshot = await self._venue.snapshot()
        if self._lie == "positions turned round":
            return replace(found, positions=tuple(replace(one, quantity=-one.quantity) for one in found.positions))
        return found

    async def terms(self, instrument: str) -> TradingTerms:
        """State terms, with brackets in no order."""
        found: TradingTerms = await self._venue.terms(instrument)
        return replace(found, brackets=found.brackets[::-1]) if self._lie == "brackets reversed" else found

    async def facts(self) -> AccountFacts:
        """State facts, with the modes changing."""
        found: AccountFacts = await self._venue.facts()
        if self._lie == "a mode that changes by itself":
            self._leverage = (self._leverage or 0) + 1
            return replace(found, hedge_mode=self._leverage % 2 == 0)
        return found

    async def set_leverage(self, instrument: str, leverage: int) -> None:
        """Set the leverage, or not."""
        if self._lie == "sets no leverage":
            return
        if self._lie == "no change is an error" and leverage == self._leverage:
            raise ExchangeRefused("No need to change leverage.")
        self._leverage = leverage
        most = max(one.leverage for one in (await self._venue.terms(instrument)).brackets)
        if self._lie == "caps the leverage":
            leverage = min(leverage, most)
        await self._venue.set_leverage(instrument, leverage)

    async def set_margin_mode(self, instrument: str, mode: MarginMode) -> None:
        """Set the mode, or not."""
        if self._lie != "sets no margin mode":
            await self._venue.set_margin_mode(instrument, mode)

    async def set_hedge_mode(self, *, on: bool) -> None:
        """Set the mode."""
        await self._venue.set_hedge_mode(on=on)

    async def set_multi_assets(self, *, on: bool) -> None:
        """Set the mode."""
        await self._venue.set_multi_assets(on=on)

    async def cancel_all_after(self, instrument: str, after_ns: int) -> None:
        """Set the switch, or not."""
        if self._lie == "cancels at once":
            await self._venue.cancel_all(instrument)
        if self._lie != "a switch that is none":
            await self._venue.cancel_all_after(instrument, after_ns)
