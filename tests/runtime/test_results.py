"""Whole runs against the paper venues' own books: remainder, balances, and a stock that is declared in the settings."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbcore.model.events import TradeOpened
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import FxRate, MarketInput, Quote
from arbcore.ports.venue import SimVenue
from arbcore.testing.session import Played, make_context, play
from arbcore_exchange_paper.assembly import open_paper
from arbcore_exchange_paper.settings import PaperSettings
from arbcore_fill_top.model import TopFill
from tests.runtime.runs import INSTRUMENTS, SECOND, START, chunked, market, run, strategy, tier

STOCK = {"BTC": Decimal(20), "ETH": Decimal(12), "XRP": Decimal(8)}
SHORTS = {"BTCUSDT": Decimal(-20), "ETHUSDT": Decimal("-12.5")}


def remainder(played: Played) -> Decimal:
    report = played.tally.report
    assert report is not None
    return report.ledger_change - report.pnl.total


def with_stock() -> dict[str, SimVenue]:
    """Paper venues with allotted coins and declared shorts, built as the pipeline builds them."""
    settings = PaperSettings.model_validate(
        {
            "use": "paper",
            "fill": "book",
            "balances": {"seoul": {"KRW": 10**9, **STOCK}, "world": {"USDT": 10**6}},
            "positions": {"world": SHORTS},
        }
    )
    return {
        name: open_paper(
            settings,
            make_context(
                "paper",
                venue=name,
                instruments=[one for one in INSTRUMENTS if one.venue == name],
                fill_model=TopFill(),
                data_dir=Path(),
            ),
        )
        for name in ("seoul", "world")
    }


def inventory(items: list[MarketInput], venues: dict[str, SimVenue], enter_bps: int = 3) -> Played:
    return play(
        chunked(items, 500),
        INSTRUMENTS,
        venues,
        {"premium": strategy(kind="inventory", enter_bps=enter_bps)},
        tiers=[("portfolio", tier())],
        rates={"usdt_krw": 60 * SECOND},
    )


def check_books(played: Played, venues: dict[str, SimVenue], instruments: tuple[Instrument, ...]) -> None:
    """Hold net positions and balances against what the venues say."""
    accounts = played.engine.parts.accounts
    for one in instruments:
        snapshot = venues[one.venue].snapshot(0)
        held = {each.instrument: each.quantity for each in snapshot.positions}
        coins = {each.currency: each.total for each in snapshot.balances}
        stated = coins.get(one.base) if one.kind is InstrumentKind.SPOT else held.get(one.key)
        assert accounts.lots.net.get(one.key, Decimal(0)) == (stated or 0)
        if one.kind is InstrumentKind.SPOT:
            assert accounts.cash.balances["seoul", "KRW"] == coins["KRW"]


@given(st.integers(0, 10**6))
@example(188)  # a hedge is paid funding before trading begins
def test_a_stock_and_its_hedge_leave_no_remainder(seed: int) -> None:
    venues = with_stock()
    played = inventory(market(seed, 600), venues)
    assert remainder(played) == 0
    check_books(played, venues, INSTRUMENTS)


def test_an_inventory_trades_in_both_directions() -> None:
    venues = with_stock()
    played = inventory(market(7, 6000), venues)
    directions = {one.event.trade.forward for one in played.events if isinstance(one.event, TradeOpened)}
    assert directions == {True, False}
    assert played.tally.trades > 20
    assert remainder(played) == 0
    check_books(played, venues, INSTRUMENTS)


@pytest.mark.parametrize("spot_first", [True, False])
def test_the_order_of_first_touches_does_not_matter(spot_first: bool) -> None:
    """The won spot is quoted long before the perpetual, or long after it; nothing counts before both are."""
    won, swap = INSTRUMENTS[:2]
    first, second = (won, swap) if spot_first else (swap, won)
    venues = with_stock()

    def quote(one: Instrument, at: int, price: float) -> MarketInput:
        level, tick = (price * 1400.0, 10.0) if one is won else (price, 0.01)
        return Quote(one.key, START + at, START + at, level, level + tick, 50.0, 50.0)

    items: list[MarketInput] = [FxRate("usdt_krw", START, START, 1400.0, 1400.0, "seoul")]
    items += [quote(first, at, 100.0 + at) for at in range(5)]
    items += [FxRate("usdt_krw", START + 5, START + 5, 1410.0, 1410.0, "seoul")]
    items += [quote(second, 6, 110.0)]
    others = [one for one in INSTRUMENTS if one not in (won, swap)]
    items += [quote(one, 7, 100.0) if one.quote == "USDT" else ether(one, 7) for one in others]
    items += [quote(first, 8, 120.0), quote(second, 8, 121.0)]
    played = inventory(items, venues, enter_bps=9000)
    assert remainder(played) == 0
    report = played.tally.report
    assert report is not None
    assert report.pnl.unrealised == report.pnl.total
    # The start is the moment of the last first touch: only the moves after it are results.
    moved = Decimal(120 - 104) if first is won else Decimal(121 - 110)
    rate = Decimal("0.000709219858")
    spot = STOCK["BTC"] * Decimal(1400) * moved * rate
    short = SHORTS["BTCUSDT"] * (Decimal(121 - 110) if first is won else Decimal(120 - 104))
    assert report.pnl.total == spot + short


def ether(one: Instrument, at: int) -> MarketInput:
    return Quote(one.key, START + at, START + at, 140_000.0, 140_010.0, 50.0, 50.0)


@given(st.integers(0, 10**6))
def test_any_market_leaves_no_remainder(seed: int) -> None:
    assert remainder(run([market(seed, 600)])) == 0
