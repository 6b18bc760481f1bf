"""Damaged private messages of USD-M: valid items or an `ExchangeError`, nothing else, and no secret in its text."""

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from arbcore.errors import ExchangeError, OutcomeUnknown
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.order import Fill, OrderReport
from arbcore.net.protocol import Fetch, Heard, Reconnect
from arbcore_exchange_binance.protocol import usdm_values as values
from arbcore_exchange_binance.protocol.calls import read_call_id, read_result
from arbcore_exchange_binance.protocol.private_failures import private_failure
from arbcore_exchange_binance.protocol.usdm_events import read_event
from arbcore_exchange_binance.protocol.usdm_stream import UserStream
from plugins.exchanges.binance.tests import samples
from plugins.exchanges.binance.tests import usdm_samples as usdm
from plugins.exchanges.binance.tests.samples import START, S
from plugins.exchanges.binance.tests.test_fuzz import CASES, damage

FRAMES: tuple[Any, ...] = (
    usdm.EVENT, usdm.LITE, usdm.ACCOUNT_UPDATE, usdm.FUNDING, usdm.ALGO_UPDATE, usdm.MARGIN_CALL, usdm.KEY_EXPIRED,
    usdm.CONFIG_UPDATE,
)  # fmt: skip
ANSWERS: dict[str, Any] = {
    "listenKey": {"listenKey": "pqia91ma19a5s61cv6a81va65sdf19v8a65a"},
    "openOrders": [usdm.PLACED, usdm.QUERIED],
    "openAlgoOrders": [usdm.ALGO],
    "userTrades": [usdm.TRADE, {**usdm.TRADE, "id": 5}],
    "account": usdm.ACCOUNT,
    "positionRisk": [usdm.POSITION],
    "order": usdm.QUERIED,
    "algoOrder": {**usdm.ALGO, "actualOrderId": "4000123"},
    "fundingRate": usdm.RATES,
    "income": usdm.INCOME,
}
READERS: dict[str, tuple[Any, Any]] = {
    "order": (values.ORDER, usdm.QUERIED),
    "orders": (values.ORDERS, [usdm.PLACED]),
    "algo": (values.ALGO, usdm.ALGO),
    "trades": (values.TRADES, [usdm.TRADE]),
    "account": (values.ACCOUNT, usdm.ACCOUNT),
    "positions": (values.POSITIONS, [usdm.POSITION]),
    "balances": (values.BALANCES, [{"asset": "USDT", "balance": "1.5", "availableBalance": "1"}]),
    "config": (values.ACCOUNT_CONFIG, {"dualSidePosition": False, "multiAssetsMargin": False, "canTrade": True}),
    "symbols": (values.SYMBOL_CONFIGS, [{"symbol": "X", "marginType": "CROSSED", "leverage": 5}]),
    "brackets": (values.BRACKETS, [{"symbol": "X", "brackets": [
        {"initialLeverage": 5, "notionalCap": 5, "notionalFloor": 0, "maintMarginRatio": 0.01}]}]),
    "commission": (values.COMMISSION, {"makerCommissionRate": "0.0002", "takerCommissionRate": "0.0005"}),
    "burn": (values.FEE_BURN, {"feeBurn": True}),
    "income": (values.INCOME, usdm.INCOME),
    "rates": (values.RATES, usdm.RATES),
    "key": (values.LISTEN_KEY, {"listenKey": "k"}),
}  # fmt: skip


def amounts(one: Heard) -> list[Decimal]:
    """Every amount of an item."""
    if isinstance(one, Fill):
        return [one.quantity, one.price, one.fee]
    if isinstance(one, OrderReport):
        return [one.filled]
    if isinstance(one, FundingPayment):
        return [one.amount, one.rate, one.quantity]
    assert isinstance(one, (AccountUpdate, AccountSnapshot)), one
    return [*(b.total for b in one.balances), *(n for p in one.positions for n in (p.quantity, p.entry_value))]


def check(heard: list[Heard], seen: Counter[str]) -> list[Fetch]:
    for one in heard:
        seen[type(one).__name__] += 1
        if not isinstance(one, (Fetch, Reconnect)):
            assert all(amount.is_finite() for amount in amounts(one))
            assert 0 <= getattr(one, "ts", 0) < 2**63
    return [one for one in heard if isinstance(one, Fetch)]


def test_events() -> None:
    random, seen = Random(5), Counter[str]()
    for number in range(CASES):
        try:
            seen[type(read_event(damage(random, FRAMES[number % len(FRAMES)]))).__name__] += 1
        except ExchangeError as error:
            seen[type(error).__name__] += 1
    assert {"OrderChange", "TradeLite", "AccountChange", "AlgoUpdate", "MarginCall", "KeyExpired"} < seen.keys()
    assert seen["ExchangeError"] > CASES // 20


def test_answers_to_questions_and_changes() -> None:
    random, seen = Random(6), Counter[str]()
    for number in range(CASES):
        name = list(READERS)[number % len(READERS)]
        decoder, content = READERS[name]
        body = damage(random, content)
        read = values.told if number % 2 else values.done
        try:
            read(body, decoder, name)
            seen[name] += 1
        except OutcomeUnknown:
            assert read is values.done
            seen["OutcomeUnknown"] += 1
        except ExchangeError as error:
            assert read is values.told
            seen[type(error).__name__] += 1
    assert READERS.keys() < seen.keys()
    assert min(seen["ExchangeError"], seen["OutcomeUnknown"]) > CASES // 40


def test_answers_of_calls_and_refusals() -> None:
    random, seen = Random(7), Counter[str]()
    frames: tuple[Any, ...] = (
        {"id": "a-1", "status": 200, "result": usdm.PLACED, "rateLimits": []},
        {"id": "a-1", "status": 400, "error": {"code": -2010, "msg": "Account has insufficient balance."}},
    )
    for number in range(CASES):
        body = damage(random, frames[number % 2])
        identity = read_call_id(body)
        assert identity is None or isinstance(identity, str)
        try:
            seen[type(read_result(samples.reply(body), "order.place")).__name__] += 1
        except ExchangeError as error:
            seen[type(error).__name__] += 1
        status = random.choice((400, 401, 403, 408, 418, 429, 500, 503))
        seen[type(private_failure(status, damage(random, {"code": -1008, "msg": "x"}), "order")).__name__] += 1
    assert {"bytes", "OutcomeUnknown", "ExchangeRefused", "RateLimited", "ExchangeUnavailable"} <= seen.keys()


@pytest.mark.parametrize("seed", range(4))
def test_connections(seed: int) -> None:
    random, seen, now = Random(seed), Counter[str](), START
    memory = usdm.memory()
    memory.news.desk.sent(usdm.order(), START)
    stream = UserStream("ws://h/private", memory, renewal=60 * S, reconcile=5 * S, grace=S)
    waiting: list[Fetch] = []
    texts: list[str] = []
    for number in range(CASES // 4):
        now += random.randrange(S // 2)
        if number % 40 == 0:
            stream = UserStream("ws://h/private", memory, renewal=60 * S, reconcile=5 * S, grace=S)
            waiting = check(list(stream.opened(now)), seen)
        try:
            if waiting and random.random() < 0.6:
                fetch = waiting.pop(random.randrange(len(waiting)))
                content = ANSWERS[fetch.request.path.rpartition("/")[2]]
                status = random.choice((200, 200, 200, 200, 200, 400, 503))
                whole = random.random() < 0.7
                body = samples.encode(content) if whole else damage(random, content)
                reply = None if random.random() < 0.05 else samples.reply(body, status)
                heard = stream.fetched(fetch.tag, reply, now)
            elif random.random() < 0.6:
                heard = stream.received(damage(random, random.choice(FRAMES)), now)
            else:
                heard = stream.tick(now, connected=random.random() < 0.9)
        except ExchangeError as error:
            texts.append(str(error))
            seen["ExchangeError"] += 1
            continue
        waiting += check(list(heard), seen)
        assert stream.delivering() in {True, False}
    assert {"Fill", "OrderReport", "AccountUpdate", "AccountSnapshot", "Reconnect", "ExchangeError"} <= seen.keys()
    assert not any(ANSWERS["listenKey"]["listenKey"] in text for text in texts)
