"""Positions that a session starts with: a declared stock, opened at the first touch."""

from collections.abc import Mapping
from decimal import Decimal

from arbcore.errors import ConfigurationError
from arbcore.model.grid import on_grid
from arbcore.model.order import Side
from arbcore_exchange_paper.account import Account
from arbcore_exchange_paper.market import Market


class OpeningPositions:
    """Opening positions that wait for a touch.

    Args:
        venue: Id of the exchange.
        positions: Signed quantities by symbol.

    Attributes:
        pending: Signed quantities by instrument key, without those that are open.
    """

    def __init__(self, venue: str, positions: Mapping[str, Decimal]) -> None:
        self.pending = {f"{venue}:{symbol}": quantity for symbol, quantity in positions.items() if quantity}

    def check(self, market: Market) -> None:
        """Refuse a position that the market can't hold.

        Raises:
            ConfigurationError: The market is spot, or the quantity is off its lot grid.
        """
        quantity = self.pending.get(market.key)
        if quantity is None:
            return
        place = f"paper.positions.{market.instrument.venue}.{market.instrument.symbol}"
        if market.is_spot:
            fix = f"give {market.base} under paper.balances.{market.instrument.venue} instead"
            raise ConfigurationError(f"{place}: a spot market holds balances, not positions", fix)
        if not on_grid(quantity, market.instrument.lot):
            raise ConfigurationError(
                f"{place}: {quantity} is no multiple of the lot {market.instrument.lot}", "round it to the lot"
            )

    def open(self, account: Account, market: Market, touch: tuple[float, float]) -> bool:
        """Open the market's position at the touch that it would have taken; tell whether there was one."""
        quantity = self.pending.pop(market.key, None)
        if quantity is None:
            return False
        price = market.place(touch, Side.BUY if quantity > 0 else Side.SELL)
        account.trade_position(market, quantity, price)
        return True
