"""What is checked of an account: modes, leverage, brackets, fees, balances, wallets, other clients' orders."""

from collections.abc import Iterator, Sequence
from typing import Final

from arbcore.doctor.rows import FAIL, OK, WARN, Trouble, failed
from arbcore.doctor.seen import Seen
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.model.account import AccountFacts, Bracket, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import plain
from arbcore.model.order import OrderOrigin
from arbcore.model.treasury import WalletStatus
from arbcore.ports.control import Check

_SHOWN: Final = 3
OUR_PREFIX: Final = f"{ExecutionSettings().prefix}-"
"""How the client ids of a session's orders begin."""


def check_position_mode(facts: AccountFacts) -> Sequence[Check]:
    """Tell whether long and short positions are kept apart, which sessions don't handle."""
    if facts.hedge_mode is None:
        return ()
    if facts.hedge_mode:
        fix = "close all positions and orders, then switch the account to one-way mode"
        return (Check(name="position mode", status=FAIL, detail="hedge: long and short are kept apart", fix=fix),)
    return (Check(name="position mode", status=OK, detail="one-way"),)


def check_margin_assets(facts: AccountFacts) -> Sequence[Check]:
    """Tell whether several currencies stand for margin together, so that a fall of one closes positions in another."""
    if facts.multi_assets is None:
        return ()
    if facts.multi_assets:
        fix = "switch the account to single-asset mode"
        return (Check(name="margin assets", status=FAIL, detail="multi-assets mode", fix=fix),)
    return (Check(name="margin assets", status=OK, detail="single-asset mode"),)


def check_terms(seen: Seen, facts: AccountFacts | None) -> Iterator[Check]:
    """Yield leverage, bracket and fees of every instrument that routes trade here."""
    for instrument in seen.instruments:
        terms = seen.terms.get(instrument.key)
        if isinstance(terms, Trouble):
            yield failed(f"terms {instrument.symbol}", terms)
        elif terms is not None:
            if instrument.kind is InstrumentKind.PERPETUAL:
                yield _leverage(seen, instrument, terms)
                yield _bracket(instrument, terms, seen.values.get(instrument.key))
            yield _fees(instrument, terms)
            if not terms.trading:
                text = "the venue takes no orders now"
                yield Check(name=f"market {instrument.symbol}", status=WARN, detail=text, fix="leave it out, or wait")
    if facts is not None and facts.fee_discount:
        yield _discount(facts)


def _leverage(seen: Seen, instrument: Instrument, terms: TradingTerms) -> Check:
    mode = f", {terms.margin_mode} margin" if terms.margin_mode else ""
    told = f"{terms.leverage}x{mode}"
    if seen.leverage and seen.leverage != terms.leverage:
        fix = f"set {seen.leverage}x on the account, or leverage: {terms.leverage} in the config"
        told = f"{told}; the config states {seen.leverage}x"
        return Check(name=f"leverage {instrument.symbol}", status=WARN, detail=told, fix=fix)
    return Check(name=f"leverage {instrument.symbol}", status=OK, detail=told)


def _bracket(instrument: Instrument, terms: TradingTerms, value: float | None) -> Check:
    name = f"bracket {instrument.symbol}"
    if not terms.brackets:
        return Check(name=name, status=OK, detail="the venue tells no brackets")
    cap = _most_at(terms.brackets, terms.leverage)
    most = f"{terms.leverage}x holds at most {float(cap):,.0f} {instrument.quote}"
    if value is None:
        return Check(name=name, status=OK, detail=f"{most}; the strategies state no size, or there is no price")
    told = f"{most}; the strategies may hold {value:,.0f}"
    if value <= cap:
        return Check(name=name, status=OK, detail=told)
    fix = "lower the leverage on the account, or the strategies' size"
    return Check(name=name, status=FAIL, detail=told, fix=fix)


def _most_at(brackets: Sequence[Bracket], leverage: int) -> float:
    """Return the largest position value that a leverage may hold, 0 for a leverage above every bracket."""
    return max((float(each.cap) for each in brackets if each.leverage >= leverage), default=0.0)


def _fees(instrument: Instrument, terms: TradingTerms) -> Check:
    name, fees = f"fees {instrument.symbol}", instrument.fees
    told = f"maker {_bps(terms.maker)}, taker {_bps(terms.taker)} bps"
    assumed = f"the config reckons with {_bps(fees.maker)} and {_bps(fees.taker)}"
    if terms.taker > fees.taker or terms.maker > fees.maker:
        fix = "state the account's fees in the exchange's settings: edges are reckoned too good"
        return Check(name=name, status=WARN, detail=f"{told}; {assumed}", fix=fix)
    cheaper = (
        f"; {assumed}, which errs on the safe side" if (terms.maker, terms.taker) != (fees.maker, fees.taker) else ""
    )
    return Check(name=name, status=OK, detail=told + cheaper)


def _bps(rate: object) -> str:
    return f"{float(str(rate)) * 1e4:g}"


def _discount(facts: AccountFacts) -> Check:
    coin, left = facts.fee_discount, facts.fee_discount_left
    if left is not None and left <= 0:
        fix = f"keep some {coin} in that wallet, or switch the discount off"
        told = f"fees are to be paid in {coin}, and there is none: the full fee is charged"
        return Check(name="fee discount", status=WARN, detail=told, fix=fix)
    amount = "" if left is None else f", {plain(left)} left"
    return Check(name="fee discount", status=OK, detail=f"fees are paid in {coin}{amount}")


def check_balances(seen: Seen, snapshot: AccountSnapshot) -> Sequence[Check]:
    """Compare what is allotted to the session with what the account holds."""
    held = {balance.currency: balance.total for balance in snapshot.balances}
    short = [
        f"{currency}: {plain(amount)} allotted, {plain(held[currency]) if currency in held else 0} there"
        for currency, amount in seen.allot.items()
        if amount > held.get(currency, 0)
    ]
    if short:
        status = FAIL if seen.live else WARN
        fix = "deposit, or lower exchanges.*.allot"
        return (Check(name="balances", status=status, detail="; ".join(short), fix=fix),)
    positions = f", {len(snapshot.positions)} positions" if snapshot.positions else ""
    told = "what is allotted is there" if seen.allot else f"{len(held)} currencies{positions}"
    return (Check(name="balances", status=OK, detail=told),)


def check_wallets(coin: str, wallets: Sequence[WalletStatus]) -> Sequence[Check]:
    """Tell whether a coin can be moved, over any network."""
    name = f"wallet {coin}"
    if not wallets:
        return (Check(name=name, status=OK, detail="the venue tells nothing of it"),)
    into = [each.network for each in wallets if each.deposits]
    out = [each.network for each in wallets if each.withdrawals]
    told = f"deposits {_listed(into)}; withdrawals {_listed(out)}"
    if into and out:
        return (Check(name=name, status=OK, detail=told),)
    words = "; ".join(dict.fromkeys(each.detail for each in wallets if each.detail))
    fix = "reckon with a premium that stays: coins can't come to close it"
    return (Check(name=name, status=WARN, detail=f"{told} ({words})" if words else told, fix=fix),)


def _listed(networks: Sequence[str]) -> str:
    if not networks:
        return "closed"
    more = f" and {len(networks) - _SHOWN} more" if len(networks) > _SHOWN else ""
    return "open" if networks == [""] else f"over {', '.join(networks[:_SHOWN])}{more}"


def check_orders(orders: Sequence[OpenOrder]) -> Sequence[Check]:
    """Tell of open orders: those of other clients, and what a session left behind."""
    others = [each for each in orders if not _is_ours(each)]
    if others:
        fix = (
            "find out who else trades on the account (another program, the app, a bot) and give arbcore one of its own"
        )
        return (Check(name="open orders", status=WARN, detail=f"of other clients: {_named(others)}", fix=fix),)
    if orders:
        told = f"of an arbcore session: {_named(orders)}"
        fix = "no harm while that session runs; else cancel them on the exchange"
        return (Check(name="open orders", status=WARN, detail=told, fix=fix),)
    return (Check(name="open orders", status=OK, detail="none"),)


def _is_ours(order: OpenOrder) -> bool:
    return order.origin is OrderOrigin.OURS and order.client_order_id.startswith(OUR_PREFIX)


def _named(orders: Sequence[OpenOrder]) -> str:
    shown = [f"{each.side} {each.instrument} ({each.client_order_id or each.venue_order_id})" for each in orders]
    more = f", and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"{len(shown)}: {', '.join(shown[:_SHOWN])}{more}"
