"""Valuation: equity and profit at the present touch, and the venues' own statements as an independent check."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Final

from arbcore.engine.accounts import IN_TRANSIT, Accounts
from arbcore.engine.ledger import Dust, unrealised
from arbcore.engine.market import Market
from arbcore.engine.others import Others
from arbcore.engine.standing import CASH, COINS, kind_of, name_of, our_side, their_side
from arbcore.model.input import AccountSnapshot
from arbcore.model.instrument import InstrumentKind
from arbcore.model.money import EXACT, ZERO
from arbcore.model.position import Position
from arbcore.model.trade import Pnl


class Valuation:
    """Values what a session owns.

    All open lots of an instrument are valued at the touch that would close their net quantity.

    Args:
        market: Touches and rates.
        accounts: Cash and lots.
        others: What of the accounts is not the session's.
    """

    def __init__(self, market: Market, accounts: Accounts, others: Others) -> None:
        self._market: Final = market
        self._accounts: Final = accounts
        self._others: Final = others

    def fresh(self, now: int) -> bool:
        """Tell whether every rate behind the balances is fresh enough for verdicts on equity."""
        return all(self._market.fresh(currency, now) for _, currency in self._accounts.cash.balances)

    def pnl(self) -> Pnl | None:
        """Return all parts, None while an open lot can't be valued."""
        realised = self._accounts.realised
        with localcontext(EXACT):
            held = self._unrealised()
            return held and Pnl(
                spread=realised.spread,
                slippage=realised.slippage,
                fees=realised.fees,
                funding=realised.funding,
                fx=self._accounts.cash.fx(),
                unrealised=held[0],
            )

    def equity(self) -> Decimal | None:
        """Return cash plus open lots at the touch in base currency, None while something can't be valued.

        What was paid in since trading began is taken off, and what was taken out added: neither is a result.
        """
        with localcontext(EXACT):
            cash, held = self._accounts.cash.value(), self._unrealised()
            if cash is None or held is None:
                return None
            return cash + held[0] + held[1] - self._accounts.capital

    def positions(self) -> list[Position]:
        """Return every net position that is not zero."""
        with localcontext(EXACT):
            return [
                Position(instrument=key, quantity=quantity, unrealised=(self._lot_values(key) or (ZERO,))[0])
                for key, quantity in self._accounts.lots.net.items()
                if quantity
            ]

    def account_value(self, snapshots: Iterable[AccountSnapshot]) -> Decimal | None:
        """Return what the session's part of the venues' own statements is worth now.

        It uses nothing of this ledger, but knows what is others' on an account that is shared with them.
        """
        worths: list[Decimal | None] = []
        with localcontext(EXACT):
            for snapshot in snapshots:
                if self._others.share(snapshot.venue):
                    worths += self._part_worth(snapshot)
                    continue
                worths += [self._worth(item.venue, item.currency, item.total) for item in snapshot.balances]
                for item in snapshot.positions:
                    worths.append(self._position_worth(item.instrument, item.quantity, item.entry_value))
            known = [worth for worth in worths if worth is not None]
            return sum(known, ZERO) if len(known) == len(worths) else None

    def result_value(self, snapshots: Iterable[AccountSnapshot]) -> Decimal | None:
        """Return what the statements are worth with what is on its way between them, less what was paid in since."""
        held, way = self.account_value(snapshots), self._accounts.worth_on(IN_TRANSIT)
        if held is None or way is None:
            return None
        with localcontext(EXACT):
            return held + way - self._accounts.capital

    def _unrealised(self) -> tuple[Decimal, Decimal] | None:
        """Return the value change of all open lots, and what the open spot lots cost: their cash is gone."""
        change, cost = ZERO, ZERO
        for key in {lot.instrument: None for lot in self._accounts.lots} | dict.fromkeys(self._accounts.lots.dust):
            values = self._lot_values(key)
            if values is None:
                return None
            change += values[0]
            cost += values[1]
        return change, cost

    def _lot_values(self, key: str) -> tuple[Decimal, Decimal] | None:
        instrument = self._market.instruments[key].instrument
        touch = self._market.closing_touch(key, self._accounts.lots.net.get(key, ZERO))
        rate = self._market.rate_into_base(instrument.quote)
        if touch is None or rate is None:
            return None
        lots, dust = self._accounts.lots.of(key), self._accounts.lots.dust.get(key, Dust())
        change = dust.unrealised(instrument, touch, rate)
        change += sum((unrealised(instrument, lot, touch, rate) for lot in lots), ZERO)
        if instrument.kind is InstrumentKind.PERPETUAL:
            return change, ZERO
        cost = dust.cost + sum((lot.quantity * lot.price * lot.rate for lot in lots), ZERO)
        return change, cost * instrument.contract_size

    def _part_worth(self, snapshot: AccountSnapshot) -> list[Decimal | None]:
        """Value the numbers that the session trades with, less what others own of them."""
        venue, worths = snapshot.venue, list[Decimal | None]()
        ours = our_side(venue, self._accounts, self._market)
        stated = their_side(snapshot, ours, self._market, self._others.amounts).compared
        for subject, amount in stated.items():
            part = amount - self._others.of(subject)
            if kind_of(subject) in {CASH, COINS}:
                worths.append(self._worth(venue, name_of(subject), part))
            else:
                worths.append(self._position_worth(f"{venue}:{name_of(subject)}", part, ZERO))
        return worths

    def _worth(self, venue: str, currency: str, amount: Decimal) -> Decimal | None:
        if not amount:
            return ZERO
        coin = self._market.coins.get((venue, currency))
        if coin is None:
            rate = self._market.rate_into_base(currency)
            return None if rate is None else amount * rate
        rate = self._market.rate_into_base(coin.instrument.quote)
        touch = self._market.closing_touch(coin.key, amount)
        if rate is None or touch is None:
            return None
        return amount / coin.instrument.multiplier * touch * rate

    def _position_worth(self, key: str, quantity: Decimal, entry_value: Decimal) -> Decimal | None:
        state = self._market.instruments.get(key)
        if state is None:  # not ours
            return ZERO
        instrument = state.instrument
        if not quantity and not entry_value:
            return ZERO
        rate = self._market.rate_into_base(instrument.settlement)
        touch = self._market.closing_touch(key, quantity)
        if rate is None or touch is None:
            return None
        return (quantity * instrument.contract_size * touch - entry_value) * rate
