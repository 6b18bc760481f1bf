"""A client of Upbit under every fault of orders: what it can find out is what the ledger says."""

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from arbcore_exchange_simulator.faults.presets import PRESETS, churn_private
from arbcore_exchange_simulator.memory import UpbitTrader, make_venues
from arbcore_exchange_simulator.settings import SECOND
from arbcore_exchange_simulator.trading.money import plain

BTC = "KRW-BTC"


def _wish(random: Random, trader: UpbitTrader, number: int) -> dict[str, Any]:
    """Return a drawn order near the market."""
    market = trader.venues.world.markets["upbit"][BTC]
    (bid, _), (ask, _) = market.book.touch
    side = random.choice(("bid", "ask"))
    told = {"market": BTC, "side": side, "identifier": f"id-{number}"}
    kind = random.choice(("limit", "limit", "limit", "price", "market", "best"))
    if kind == "limit":
        price = random.choice((bid, ask)) + random.randint(-5, 5) * market.listing.grid.tick(bid)
        life = random.choice((None, None, "ioc", "fok", "post_only"))
        told |= {"ord_type": "limit", "price": str(price // 10**8), "volume": f"0.{random.randint(1, 999):04d}"}
        return {**told, "time_in_force": life}
    life = random.choice(("ioc", "fok")) if kind == "best" else None
    if side == "bid":
        return {**told, "ord_type": "best" if life else "price", "price": "250000.5", "time_in_force": life}
    return {**told, "ord_type": "best" if life else "market", "volume": "0.0123", "time_in_force": life}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_order_ends_known_and_balances_are_the_ledgers(seed: int) -> None:
    venues = make_venues(symbols=("BTC",), seed=seed, preset="churn_private", rules={"enforce": False})
    trader, random = UpbitTrader(venues), Random(seed)
    account = venues.accounts.known("upbit")
    before = {name: cash.total for name, cash in account.cash.items()}
    replies: Counter[int] = Counter()
    names = []
    for number in range(400):
        venues.step(venues.world.now + random.randrange(SECOND // 2))
        told = _wish(random, trader, number)
        names.append(told["identifier"])
        answer = trader.send("POST", "orders", told)
        replies[0 if answer.silent else answer.status] += 1
        if random.random() < 0.4:
            trader.send("DELETE", "order", {"identifier": random.choice(names)})
    venues.faults.clear()
    while trader.get("orders/open")[1]:
        for row in trader.get("orders/open")[1]:
            trader.delete("order", uuid=row["uuid"])
        venues.step(venues.world.now + SECOND)
    assert len(replies) >= 3  # faults struck
    assert replies[201] > 100
    states: Counter[str] = Counter()
    flows = {"KRW": Decimal(0), "BTC": Decimal(0)}
    for name in names:
        status, row = trader.get("order", identifier=name)
        states[row["state"] if status == 200 else "never"] += 1
        if status == 200:
            sign = 1 if row["side"] == "bid" else -1
            flows["BTC"] += sign * Decimal(row["executed_volume"])
            flows["KRW"] -= sign * sum((Decimal(one["funds"]) for one in row["trades"]), start=Decimal(0))
            flows["KRW"] -= Decimal(row["paid_fee"])
    assert set(states) == {"done", "cancel", "never"}
    rows = {one["currency"]: one for one in trader.get("accounts")[1]}
    for currency, flow in flows.items():
        assert (rows[currency]["balance"], rows[currency]["locked"]) == (plain(before[currency] + flow), "0")
        assert rows[currency]["balance"] == plain(account.of(currency).free)


def test_the_private_mixture_has_the_public_one_in_it() -> None:
    faults = churn_private(3, 600.0)
    assert faults == churn_private(3, 600.0)
    public = PRESETS["churn"](3, 600.0)
    assert [one for one in faults if one in public] == public
    kinds = {one.kind for one in faults} - {one.kind for one in public}
    assert kinds >= {"ack_timeout", "unknown_5xx", "failed_5xx", "fill_silence", "fill_on_cancel", "market_offline"}
    assert {one.venue for one in faults if one.kind == "market_offline"} == {"upbit"}
    assert {one.venue for one in faults if one.kind == "throttled"} == {"usdm"}
