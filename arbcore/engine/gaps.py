"""Gaps: by how much the legs of a trade differ, which orders would mend it either way, and what that would cost."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.engine.accounts import Accounts
from arbcore.engine.market import InstrumentState
from arbcore.engine.reducing import reduces
from arbcore.engine.route import RouteLeg
from arbcore.engine.sizing import coin_value, takes
from arbcore.engine.trades import LiveTrade
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.intent import IntentKind
from arbcore.model.money import ZERO
from arbcore.model.order import Side
from arbcore.ports.policy import LegGap

_MILLIONTH: Final = Decimal("0.000001")


class Move(Struct, frozen=True):
    """An order that would change what a leg holds."""

    side: Side
    quantity: Decimal


class Gap(Struct, frozen=True):
    """A difference between legs.

    Attributes:
        matched: Coins that all legs hold.
        down: Orders that bring the larger legs down to it, by index in the route.
        up: Orders that bring the smaller legs up to the largest.
        told: The gap as a policy is told of it.
    """

    matched: Decimal
    down: dict[int, Move]
    up: dict[int, Move]
    told: LegGap

    def moves(self, *, chase: bool) -> dict[int, Move]:
        """Return the orders of one of the two ways: chasing an entry goes up, chasing an exit goes down."""
        return self.up if chase is (self.told.intent.kind is not IntentKind.EXIT) else self.down


class Gaps:
    """Measures trades whose intents are over.

    Args:
        accounts: Whether there is money for what would be bought, and what the net positions are.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts: Final = accounts

    def measure(self, trade: LiveTrade, slippage_bps: float, now: int) -> Gap:
        """Return how the legs of a trade differ.

        Args:
            trade: The trade; nothing of it is in flight.
            slippage_bps: Allowance of the next repair: the value of its orders decides what venues take.
            now: Engine time.
        """
        coins = trade.coins()
        matched = to_grid(max(min(coins), ZERO), trade.route.lot, Rounding.DOWN)
        largest = to_grid(max(*coins, ZERO), trade.route.lot, Rounding.DOWN)
        down, up = {}, {}
        for index, (held, leg) in enumerate(zip(coins, trade.route.legs, strict=True)):
            surplus = held - matched if held > 0 else -held
            less = self._move(leg, trade.closing_side(index), surplus, slippage_bps, reducing=True)
            more = self._move(leg, trade.opening_side(index), largest - held, slippage_bps, reducing=False)
            if less is not None:
                down[index] = less
            if more is not None and trade.grows:
                up[index] = more
        open_ways = [self._open(trade, moves, now) for moves in (up, down)]
        if trade.aim.kind is IntentKind.EXIT:
            open_ways.reverse()
        told = LegGap(
            intent=trade.aim,
            held=tuple(map(abs, coins)),
            unhedged=_value(trade, max(coins) - min(coins)),
            attempt=trade.repairs,
            elapsed_ns=now - (trade.parted_at or now),
            loss=_loss(trade, down if trade.aim.kind is IntentKind.EXIT else up),
            can_chase=open_ways[0],
            can_unwind=open_ways[1],
        )
        return Gap(matched, down, up, told)

    def reopening(self, trade: LiveTrade, slippage_bps: float) -> dict[int, Move]:
        """Return the orders that open again what the last exit closed; none where one of them can't be paid.

        A leg that lacks less than its venue takes is left as it is.
        """
        moves = {}
        for index, (was, held) in enumerate(zip(trade.was, trade.coins(), strict=False)):
            leg, side = trade.route.legs[index], trade.opening_side(index)
            move = self._sized(leg, side, was - held, slippage_bps, reducing=False) if trade.grows else None
            if move is not None:
                moves[index] = move
        paid = all(self._paid(trade.route.legs[index], move, slippage_bps) for index, move in moves.items())
        return moves if paid else {}

    def _move(self, leg: RouteLeg, side: Side, coins: Decimal, slippage_bps: float, *, reducing: bool) -> Move | None:
        """Return the order for a number of coins, None where the venue takes none or the money is short."""
        move = self._sized(leg, side, coins, slippage_bps, reducing=reducing)
        return move if move is None or reducing or self._paid(leg, move, slippage_bps) else None

    def _sized(self, leg: RouteLeg, side: Side, coins: Decimal, slippage_bps: float, *, reducing: bool) -> Move | None:
        """Return the order for a number of coins, None where the venue takes none of that size."""
        instrument = leg.state.instrument
        if coins <= 0 or leg.state.quote is None:
            return None
        quantity = to_grid(coins / instrument.unit, instrument.lot, Rounding.DOWN)
        # Sold or bought, the order's own price counts at a venue; both sides are worth the same but for the spread.
        worst = leg.state.worst_price(Side.SELL if reducing else side, slippage_bps)
        marked = reducing and reduces(self._accounts, instrument, side, quantity)
        if not takes(instrument, quantity, worst, reducing=marked):
            return None
        return Move(side, quantity)

    def _paid(self, leg: RouteLeg, move: Move, slippage_bps: float) -> bool:
        """Tell whether there is money for an order that adds."""
        instrument = leg.state.instrument
        worst = leg.state.worst_price(move.side, slippage_bps)
        currency, amount = self._accounts.need(instrument, move.side, move.quantity, worst)
        return self._accounts.free(instrument.venue, currency) >= amount

    def _open(self, trade: LiveTrade, moves: dict[int, Move], now: int) -> bool:
        """Tell whether a way can be gone now: every venue of it is there and takes orders."""
        return bool(moves) and not any(shut(trade, index, now) for index in moves)


def shut(trade: LiveTrade, index: int, now: int) -> bool:
    """Tell whether nothing is to be sent for a leg now: it is blocked, or its venue took nothing a moment ago."""
    return blocked(trade.route.legs[index].state) or trade.shut_until.get(index, 0) > now


def blocked(state: InstrumentState) -> bool:
    """Tell whether nothing can be sent for an instrument now: no touch to trust, or a venue that is away."""
    return bool(state.invalid or state.barred)


def _value(trade: LiveTrade, coins: Decimal) -> Decimal:
    value = max(coin_value(leg) for leg in trade.route.legs)
    return to_grid(float(coins) * value, _MILLIONTH, Rounding.NEAREST) if value == value else ZERO  # noqa: PLR0124 - NaN


def _loss(trade: LiveTrade, moves: dict[int, Move]) -> Decimal:
    """Return what the market has moved against the orders that would chase, since the decision; in base currency."""
    decided = {leg.instrument: leg.touch for leg in trade.aim.legs}
    loss = 0.0
    for index, move in moves.items():
        leg = trade.route.legs[index]
        now, before = leg.state.touch(move.side), decided[leg.state.key]
        rate = leg.rates[0] if move.side is Side.BUY else leg.rates[1]
        loss += float((now - before) * move.side.sign * move.quantity * leg.state.instrument.contract_size) * rate
    return to_grid(max(loss, 0.0), _MILLIONTH, Rounding.NEAREST)
