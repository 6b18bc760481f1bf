"""Whole backtests for the runtime's tests: a market with a wandering premium and bad rows, real plugins around it.

Run as a module it prints its event log, for comparisons between processes.
"""

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import nan
from random import Random
from typing import Final

from arbcore.journal.codec import encode
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable
from arbcore.model.market import Book, BookInvalid, FundingRate, FxRate, MarketInput, PublicTrade, Quote
from arbcore.model.order import OrderRequest
from arbcore.ports.fill import LatencyModel
from arbcore.ports.venue import SimVenue
from arbcore.testing.session import Played, play
from arbcore_exchange_paper.delayed import DelayedVenue
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_fill_top.model import TopFill
from arbcore_risk_portfolio.settings import PortfolioSettings
from arbcore_risk_portfolio.tier import PortfolioTier
from arbcore_strategy_spread.settings import SpreadSettings
from arbcore_strategy_spread.strategy import SpreadStrategy

SECOND: Final = 10**9
START: Final = 1_750_000_000 * SECOND
COINS: Final = ("BTC", "ETH", "XRP")


def won(coin: str) -> Instrument:
    """Return the won spot market of a coin."""
    return Instrument(
        venue="seoul",
        symbol=f"KRW-{coin}",
        kind=InstrumentKind.SPOT,
        base=coin,
        quote="KRW",
        ticks=TickTable.flat(Decimal(10)),
        lot=Decimal("0.00000001"),
        min_quantity=Decimal("0.00000001"),
        min_notional=Decimal(5000),
        fees=FeeSchedule(Decimal("0.0005"), Decimal("0.0005")),
    )


def perpetual(coin: str) -> Instrument:
    """Return the perpetual of a coin."""
    return Instrument(
        venue="world",
        symbol=f"{coin}USDT",
        kind=InstrumentKind.PERPETUAL,
        base=coin,
        quote="USDT",
        ticks=TickTable.flat(Decimal("0.01")),
        lot=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(5),
        fees=FeeSchedule(Decimal("0.0002"), Decimal("0.0005")),
    )


INSTRUMENTS: Final = tuple(make(coin) for coin in COINS for make in (won, perpetual))
BALANCES: Final = {"seoul": {"KRW": Decimal(10**9)}, "world": {"USDT": Decimal(10**6)}}


class FixedLatency:
    """Messages that always take the same time.

    Args:
        entry_ns: From submit to matching.
        response_ns: From matching to receipt.
    """

    def __init__(self, entry_ns: int, response_ns: int) -> None:
        self._entry = entry_ns
        self._response = response_ns

    def entry(self, order: OrderRequest, now: int) -> int:
        """Return the time to the venue."""
        return self._entry

    def response(self, order: OrderRequest, now: int) -> int:
        """Return the time back."""
        return self._response

    def state(self) -> bytes:
        """Return nothing: it has no state."""
        return b""

    def restore(self, state: bytes) -> None:
        """Take nothing over."""


def market(seed: int, count: int, *, coins: Sequence[str] = COINS, bad: float = 0.02) -> list[MarketInput]:
    """Return inputs in order: premiums that wander, a rate, funding, and a share of rows that can't be true."""
    chance = Random(seed)
    premium, price, time = dict.fromkeys(coins, 0.0), {coin: 100.0 * (one + 1) for one, coin in enumerate(coins)}, START
    rate = 1400.0
    items: list[MarketInput] = [FxRate("usdt_krw", time, time, rate - 0.5, rate + 0.5, "seoul")]
    while len(items) < count:
        time += chance.choice((0, 0, 1, 50_000_000, 400_000_000, SECOND))
        coin = chance.choice(coins)
        premium[coin] += -0.02 * premium[coin] + 0.0008 * chance.gauss(0.0, 1.0)
        price[coin] *= 1.0 + 0.0002 * chance.gauss(0.0, 1.0)
        draw = chance.random()
        if draw < 0.03:
            rate += chance.gauss(0.0, 0.5)
            items.append(FxRate("usdt_krw", time, time, rate - 0.5, rate + 0.5, "seoul"))
        elif draw < 0.035:
            items.append(FundingRate(f"world:{coin}USDT", time, time, chance.gauss(0.0, 1e-4)))
        elif draw < 0.04:
            items.append(PublicTrade(f"world:{coin}USDT", time, time, price[coin], 1.0, True))
        elif draw < 0.04 + bad:
            items.append(_bad(chance, coin, time))
        else:
            items.append(_quote(chance, coin, time, price[coin], premium[coin], rate))
    return items


def _quote(chance: Random, coin: str, time: int, price: float, premium: float, rate: float) -> MarketInput:
    if chance.random() < 0.5:
        bid = round(price * rate * (1.0 + premium) / 10.0) * 10.0
        sizes = chance.uniform(0.1, 20.0), chance.uniform(0.1, 20.0)
        if chance.random() < 0.1:
            return Book(f"seoul:KRW-{coin}", time, time, ((bid, sizes[0]),), ((bid + 10.0, sizes[1]),))
        return Quote(f"seoul:KRW-{coin}", time, time, bid, bid + 10.0, *sizes)
    bid = round(price, 2)
    return Quote(f"world:{coin}USDT", time, time, bid, round(bid + 0.01, 2), chance.uniform(0.1, 20.0), 5.0)


def _bad(chance: Random, coin: str, time: int) -> MarketInput:
    key = chance.choice((f"seoul:KRW-{coin}", f"world:{coin}USDT"))
    return chance.choice(
        (
            Quote(key, time, time, nan, 1.0, 1.0, 1.0),
            Quote(key, time, time, 101.0, 100.0, 1.0, 1.0),
            Quote(key, time, time, 100.0, 100.1, -1.0, 1.0),
            Quote("seoul:KRW-NONE", time, time, 1.0, 2.0, 1.0, 1.0),
            PublicTrade("seoul:KRW-NONE", time, time, 1.0, 2.0, True),
            BookInvalid(key, time, time, "DATA_GAP"),
            FxRate("usdt_krw", time, time, nan, nan, "seoul"),
            FxRate("usdt_jpy", time, time, 150.0, 151.0, "seoul"),
        )
    )


def chunked(items: Sequence[MarketInput], size: int) -> Iterable[list[MarketInput]]:
    """Return inputs in lists of a size."""
    return (list(items[first : first + size]) for first in range(0, len(items), size))


def venues(latency: LatencyModel | None = None) -> dict[str, SimVenue]:
    """Return paper venues with fills at the touch."""
    made: dict[str, SimVenue] = {}
    for name, balances in BALANCES.items():
        venue: SimVenue = PaperVenue(name, TopFill(), balances)
        made[name] = venue if latency is None else DelayedVenue(venue, latency)
        for instrument in INSTRUMENTS:
            if instrument.venue == name:
                made[name].list_instrument(instrument)
    return made


def strategy(**options: object) -> SpreadStrategy:
    """Return a spread strategy on all coins that trades often."""
    tree: dict[str, object] = {
        "use": "spread",
        "routes": [{"spot": "seoul", "perpetual": "world", "symbols": list(COINS)}],
        "rate": "usdt_krw",
        "reference": 0,
        "enter_bps": 5,
        "exit_bps": 0,
        "notional": 500,
        "max_age": "30s",
        "allow_thin_edge": True,
        "stop_bps": 60,
        "max_holding": "10m",
    }
    return SpreadStrategy(SpreadSettings.model_validate(tree | options), "premium", "USDT")


def tier() -> PortfolioTier:
    """Return a portfolio tier whose limits are met now and then."""
    return PortfolioTier(PortfolioSettings.model_validate({"use": "portfolio", "open_trades": 3, "daily_loss": 5000}))


def run(chunks: Iterable[list[MarketInput]], latency: LatencyModel | None = None) -> Played:
    """Run everything together."""
    return play(
        chunks,
        INSTRUMENTS,
        venues(latency),
        {"premium": strategy()},
        tiers=[("portfolio", tier())],
        rates={"usdt_krw": 60 * SECOND},
    )


if __name__ == "__main__":
    for envelope in run(chunked(market(7, 6000), 1000)).events:
        sys.stdout.buffer.write(encode(envelope) + b"\n")
