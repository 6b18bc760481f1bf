"""What must be true of a session at its end, whatever went wrong: the engine's side held against the exchanges'."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from arbcore.model.events import (
    FeeCharged,
    OrderCancelled,
    OrderIntended,
    OrderRejected,
    OrderUpdated,
    PnlReported,
    TradeExecuted,
)
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import ZERO, add, subtract
from arbcore.model.order import TERMINAL, OrderState
from arbcore.model.trade import TradeState
from arbcore.testing.faulty.plan import SECOND
from tests.matrix.field import DUST, PERP, WANTED, WON, Field

RESOLUTION_NS: Final = 5 * SECOND
"""Time in which an unknown outcome is settled on a venue that answers."""

FLAT, HEDGED, SMALLER, FROZEN, NEITHER = "F", "H", "S", "Z", "?"


def quiet(field: Field) -> bool:
    """Tell whether nothing is in flight, in doubt, set aside, or to be repaired."""
    parts = field.rig.engine.parts
    settled = {TradeState.HEDGED, TradeState.FROZEN}
    return (
        not parts.execution.in_flight()
        and not parts.inquiries.doubted
        and not parts.inquiries.quarantined
        and all(trade.state in settled and not trade.closing for trade in parts.execution.trades.values())
    )


def end_of(field: Field) -> str:
    """Return how a session ended, in truth."""
    trades = field.rig.engine.parts.execution.trades.values()
    if any(trade.state is TradeState.FROZEN for trade in trades):
        return FROZEN
    held = [abs(field.rig.opened(one.key)) for one in (WON, PERP)]
    if not quiet(field) or abs(field.rig.net()) > DUST:
        return NEITHER
    if max(held) <= DUST:
        return FLAT
    return HEDGED if min(held) >= WANTED - DUST else SMALLER


def violations(field: Field) -> list[str]:
    """Return what is not as it must be, in words. It ends the session."""
    return [*_ledger(field), *_fills(field), *_orders(field), *_left_over(field), *_remainder(field)]


def unresolved(field: Field) -> list[str]:
    """Return which orders were unknown for too long although their venue answered."""
    since: dict[str, int] = {}
    late = []
    for envelope in field.rig.events:
        event = envelope.event
        if isinstance(event, OrderUpdated) and event.after is OrderState.UNKNOWN:
            since.setdefault(event.client_order_id, envelope.time)
        elif isinstance(event, OrderUpdated | OrderRejected | OrderCancelled) and event.client_order_id in since:
            took = envelope.time - since.pop(event.client_order_id)
            if took > RESOLUTION_NS:
                late.append(f"{event.client_order_id} was unknown for {took / SECOND} s")
    return late + [f"{one} stayed unknown" for one in since]


def _ledger(field: Field) -> Iterator[str]:
    """Hold cash, coins and positions against the exchanges' own, to the last digit."""
    accounts = field.rig.engine.parts.accounts
    for instrument in (WON, PERP):
        ledger = field.venue(instrument.venue).ledger
        net = accounts.lots.net.get(instrument.key, ZERO)
        cash = accounts.cash.balances.get((instrument.venue, instrument.settlement), ZERO)
        theirs = ledger.cash[instrument.settlement]
        held = ledger.position(instrument.key)
        if instrument.kind is InstrumentKind.SPOT:
            held = ledger.cash.get(instrument.base, ZERO)
        else:
            # What a close realises depends on which lot it closes; cash less the cost of what is open does not.
            cash = subtract(cash, _open_cost(field, instrument))
            theirs = subtract(theirs, ledger.entry_value(instrument))
        if net != held:
            yield f"{instrument.key}: the engine holds {net}, the exchange {held}"
        if cash != theirs:
            yield f"{instrument.key}: the engine counts {cash}, the exchange {theirs} {instrument.settlement}"


def _open_cost(field: Field, instrument: Instrument) -> Decimal:
    lots = field.rig.engine.parts.accounts.lots
    cost = sum((lot.quantity * lot.price for lot in lots.of(instrument.key)), ZERO)
    dust = lots.dust.get(instrument.key)
    return (cost + (ZERO if dust is None else dust.value)) * instrument.contract_size


def _fills(field: Field) -> Iterator[str]:
    """Every fill is booked once with its fee, to the last digit, in parts where it moves several trades."""
    true = {
        (fill.instrument, fill.fill_id): (fill.quantity * fill.side.sign, fill.fee)
        for name in field.rig.exchanges
        for fill in field.venue(name).ledger.fills
    }
    told = field.rig.told(TradeExecuted)
    counted = dict.fromkeys(((one.instrument, one.fill_id) for one in told), ZERO)
    for one in told:
        counted[one.instrument, one.fill_id] += one.quantity * one.side.sign
    charged: dict[tuple[str, str], Decimal] = {}
    for fee in field.rig.told(FeeCharged):
        charged[fee.fill_id, fee.currency] = add(charged.get((fee.fill_id, fee.currency), ZERO), fee.amount)
    yield from (f"fill {fill} of {key} was lost" for key, fill in sorted(true.keys() - counted.keys()))
    yield from (f"fill {fill} of {key} never was" for key, fill in sorted(counted.keys() - true.keys()))
    for key, quantity in counted.items():
        if key in true and quantity != true[key][0]:
            yield f"fill {key[1]} is of {true[key][0]}, {quantity} was counted"
    owed = {(fill, _settled_in(key)): fee for (key, fill), (_, fee) in true.items() if fee}
    if charged != owed:
        yield f"fees were charged {charged}, not {owed}"


def _settled_in(key: str) -> str:
    return next(one.settlement for one in (WON, PERP) if one.key == key)


def _orders(field: Field) -> Iterator[str]:
    """Every order is sent once, and known to be over as it is in truth."""
    execution = field.rig.engine.parts.execution
    sent = Counter(order.client_order_id for name in field.rig.exchanges for order in field.venue(name).sent)
    yield from (f"{order} was sent {times} times" for order, times in sent.items() if times > 1)
    for intended in field.rig.told(OrderIntended):
        ours, theirs = execution.known(intended.order.client_order_id), None
        if ours is None:
            continue
        theirs = field.venue(intended.venue).desk.orders.get(ours.id)
        if ours.state not in TERMINAL:
            yield f"{ours.id} is {ours.state} at the end"
        elif theirs is not None and theirs.open:
            yield f"{ours.id} is {ours.state} for the engine and works at the venue"
        elif theirs is not None and ours.filled != theirs.filled:
            yield f"{ours.id} filled {theirs.filled}, the engine counts {ours.filled}"


def _left_over(field: Field) -> Iterator[str]:
    """Nothing stays set aside."""
    for (venue, currency), amount in field.rig.engine.parts.accounts._reserved.items():
        if amount:
            yield f"{amount} {currency} on {venue} stay set aside"


def _remainder(field: Field) -> Iterator[str]:
    """The parts of the profit add up to what the venues' own statements say."""
    field.rig.finish()
    for report in field.rig.told(PnlReported):
        remainder = report.ledger_change - report.pnl.total
        if remainder:
            yield f"{remainder} of the profit is unexplained"
