"""Terms: on which terms venues let the account trade, as far as they bound what may be opened."""

from decimal import ROUND_UP, Context, Decimal
from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.market import Market
from arbcore.engine.output import Outbox
from arbcore.model.account import TradingTerms
from arbcore.model.events import TradingTermsStated
from arbcore.model.input import TermsStated
from arbcore.model.money import ZERO, multiply, subtract
from arbcore.model.order import Side

_SHARES: Final = Context(prec=60, rounding=ROUND_UP)
_STEP: Final = Decimal("1e-12")


class Terms:
    """What venues told of the account's terms. In a backtest or on paper they tell nothing, and nothing is bounded.

    Args:
        market: Instruments of the session.
        accounts: Learns what share of a position's value is margin, and tells what is held.
        outbox: Where events go.
    """

    def __init__(self, market: Market, accounts: Accounts, outbox: Outbox) -> None:
        self._market: Final = market
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self.stated: Final[dict[str, TermsStated]] = {}

    def on_terms(self, item: TermsStated) -> None:
        """Take terms; tell them where they are news."""
        key, before = item.terms.instrument, self.stated.get(item.terms.instrument)
        if key not in self._market.instruments:
            return
        self.stated[key] = item
        if item.terms.leverage:
            share = _SHARES.divide(Decimal(1), Decimal(item.terms.leverage))
            self._accounts.margin_shares[key] = _SHARES.quantize(share, _STEP)
        if before is None or _said(before) != _said(item):
            event = TradingTermsStated(terms=item.terms, hedge_mode=item.hedge_mode, multi_assets=item.multi_assets)
            self._outbox.emit(event)

    def room(self, key: str, side: Side, price: Decimal) -> Decimal | None:
        """Return the order quantity of an instrument that the account may still add on a side; None for no bound.

        A perpetual's position may grow to the end of the largest bracket that allows the leverage in force.
        """
        item = self.stated.get(key)
        if item is None or price <= 0:
            return None
        instrument = self._market.instruments[key].instrument
        unit = multiply(instrument.contract_size, price)
        bounds = [] if item.terms.max_notional is None else [item.terms.max_notional]
        cap = _cap(item.terms)
        if cap is not None:
            held = multiply(self._accounts.lots.net.get(key, ZERO) * side.sign, unit)
            bounds.append(max(subtract(cap, held), ZERO))
        return min(_SHARES.divide(bound, unit) for bound in bounds) if bounds else None


def _cap(terms: TradingTerms) -> Decimal | None:
    """Return the position value up to which the leverage in force is allowed; None where no brackets are told."""
    allowed = [bracket.cap for bracket in terms.brackets if bracket.leverage >= terms.leverage]
    if not terms.brackets:
        return None
    return max(allowed, default=ZERO)


def _said(item: TermsStated) -> tuple[object, ...]:
    return item.terms, item.hedge_mode, item.multi_assets
