"""Under every fault of orders the ledgers of the simulated Binance stay right."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from arbcore_exchange_simulator.binance.trader import BinanceTrader
from arbcore_exchange_simulator.binance.usdm.holding import Holding
from arbcore_exchange_simulator.memory import make_venues
from arbcore_exchange_simulator.venues import Venues

ROOT = {"usdm": "fapi/v1", "spot": "api/v3"}
LIVES = {"usdm": ("GTC", "IOC", "FOK", "GTX"), "spot": ("GTC", "IOC", "FOK")}
SMP = ("EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE")


def _order(client: BinanceTrader, random: Random, hedge: bool) -> dict[str, Any]:
    symbol = random.choice(["BTCUSDT", "XRPUSDT"])
    market = client.venues.world.markets[client.venue][symbol]
    (bid, _), (ask, _) = market.book.touch
    tick = market.listing.tick * (10 if symbol == "BTCUSDT" else 1)
    price = (bid + ask) // 2 // tick * tick + random.randint(-60, 60) * tick
    terms: dict[str, Any] = {"symbol": symbol, "side": random.choice(["BUY", "SELL"])}
    terms["quantity"] = random.randint(1, 40) * (Decimal("0.005") if symbol == "BTCUSDT" else 60)
    if client.venue == "usdm" and hedge:
        terms["positionSide"] = random.choice(["LONG", "SHORT"])
    if random.random() < 0.4:
        return {**terms, "type": "MARKET"}
    if client.venue == "usdm" and not hedge and random.random() < 0.3:
        terms["reduceOnly"] = "true"
    life, smp = random.choice(LIVES[client.venue]), random.choice(SMP)
    text = f"{price / 1e8:.{market.price_decimals}f}"
    return {**terms, "type": "LIMIT", "timeInForce": life, "price": text, "selfTradePreventionMode": smp}


def _act(client: BinanceTrader, random: Random, hedge: bool) -> None:
    root, kind = ROOT[client.venue], random.random()
    if kind < 0.6:
        client.ask("POST", f"{root}/order", **_order(client, random, hedge))
    elif kind < 0.75:
        _, opened = client.ask("GET", f"{root}/openOrders")
        if isinstance(opened, list) and opened:
            one = random.choice(opened)
            client.ask("DELETE", f"{root}/order", symbol=one["symbol"], orderId=one["orderId"])
    elif kind < 0.8 and client.venue == "spot":
        way = random.choice(["MAIN_UMFUTURE", "UMFUTURE_MAIN"])
        client.ask("POST", "sapi/v1/asset/transfer", type=way, asset="USDT", amount="100")
    else:
        client.step(random.random() * 4)


def _check(holding: Holding) -> None:
    assert set(holding.orders) == set(holding.account.open)
    for one in holding.positions.values():
        assert (one.quantity == 0) is (one.cost == 0)
        assert one.isolated == 0 or one.quantity
    for order in holding.open_orders():
        closable = holding.position(order.symbol, order.extra["position_side"]).closes(buy=order.buy)
        assert not order.reduce_only or order.remaining <= closable


def _check_spot(venues: Venues) -> None:
    (account,) = venues.accounts.of("spot")
    for name, cash in account.cash.items():
        locking = (
            one.held
            for one in account.open.values()
            if (one.market.listing.quote if one.buy else one.market.listing.base) == name
        )
        assert cash.locked == sum(locking, Decimal(0))
        assert cash.free >= 0


@pytest.mark.parametrize("seed", range(6))
def test_ledgers_stay_right(seed: int) -> None:
    random, hedge = Random(seed), seed % 3 == 2
    venues = make_venues(symbols=("BTC", "XRP"), preset="churn_private", seed=seed, funding_interval="20s",
                         rules={"enforce": False})  # fmt: skip
    usdm, spot = BinanceTrader(venues, "usdm"), BinanceTrader(venues, "spot")
    usdm.ask("POST", "fapi/v1/positionSide/dual", dualSidePosition=str(hedge).lower())
    if seed % 2:
        usdm.ask("POST", "fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
        usdm.ask("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    holding = venues.usdm.ledger.of(venues.accounts.known("usdm"))
    for _ in range(100):
        _act(usdm if random.random() < 0.7 else spot, random, holding.hedge)
        _check(holding)
        _check_spot(venues)
    income = sum((one.amount for one in holding.income if one.asset == "USDT"), Decimal(0))
    assert holding.wallet() == 2_000_000 + income
    assert any(one.kind == "FUNDING_FEE" for one in holding.income)
