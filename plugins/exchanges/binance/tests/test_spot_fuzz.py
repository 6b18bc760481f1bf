"""Damaged private messages of spot: valid items or an `ExchangeError`, nothing else, and the desk keeps its rules."""

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from arbcore.errors import ExchangeError
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Fill, OrderReport, Side, may_become
from arbcore.net.calls import Call
from arbcore.net.offset import ClockOffset
from arbcore.net.protocol import Fetch, Heard, Reconnect, Send
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol import sapi_replies, spot_replies, spot_values
from arbcore_exchange_binance.protocol.calls import read_call_id, read_result
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.key_facts import read_key_facts
from arbcore_exchange_binance.protocol.spot_past import Past
from arbcore_exchange_binance.protocol.spot_user import Pace, SpotUserStream
from plugins.exchanges.binance.tests import spot_samples as spot
from plugins.exchanges.binance.tests.samples import START, S, encode, reply
from plugins.exchanges.binance.tests.test_fuzz import CASES, damage
from plugins.exchanges.binance.tests.test_treasury import COIN, DEPOSIT, TRANSFER, WITHDRAWAL

PACE = Pace(mute_after=15 * S, poll_interval=S, reconcile=3 * S, grace=S)
HALVES = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS", "cancelResponse": spot.CANCELLED,
          "newOrderResponse": spot.FULL}  # fmt: skip
PARTLY = {"code": -2021, "msg": "partially failed", "data": {**HALVES, "newOrderResult": "FAILURE",
          "newOrderResponse": {"code": -2010, "msg": "no"}}}  # fmt: skip
REFUSED = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
RESULT = {"id": "a-1", "status": 200, "result": spot.FULL}
KEY_FACTS = {"ipRestrict": False, "enableWithdrawals": True, "tradingAuthorityExpirationTime": 1795143845000}
EVENTS: tuple[Any, ...] = (
    spot.EXECUTION, spot.NEW_EVENT, spot.CANCEL_EVENT, spot.POSITION, spot.MOVED,
    {"e": "eventStreamTerminated", "E": 1}, {"e": "listStatus", "E": 1},
)  # fmt: skip
FRAMES: tuple[Any, ...] = (
    *({"subscriptionId": 0, "event": one} for one in EVENTS),
    {"id": "sub", "status": 200, "result": {"subscriptionId": 0}},
    {"id": "sub", "status": 400, "error": {"code": -1021, "msg": "Timestamp"}},
    {"e": "serverShutdown", "E": 1},
)
ANSWERS: dict[str, Any] = {
    "/api/v3/order": spot.ROW,
    "/api/v3/myTrades": [spot.MY_TRADE, {**spot.MY_TRADE, "id": 57, "orderId": 29}],
    "/api/v3/allOrders": [spot.ROW, {**spot.ROW, "orderId": 29, "clientOrderId": "web_1"}],
    "/api/v3/account": spot.ACCOUNT,
    "/api/v3/time": {"serverTime": START // 10**6},
}


def order_of(body: bytes) -> object:
    row = spot_replies.read_order(body, "order")
    report = spot_values.order_report(row, "binance", Desk().origin(""), START)
    return report, spot_values.placed_fills(row, "binance", Side.BUY, START), spot_values.open_order(
        row, "binance", Desk().origin("")
    )  # fmt: skip


def result_of(answer: Reply) -> object:
    read_call_id(answer.body)
    return order_of(read_result(answer, "order"))


def terms_of(answer: Reply) -> object:
    listed = spot_replies.read_listed(encode(spot.LISTED), "BTCUSDT")
    return spot_replies.trading_terms(spot.KEY, spot_replies.read_commission(answer.body), listed)


def account_of(answer: Reply) -> object:
    return spot_replies.account_snapshot(spot_replies.read_account(answer), "binance", START)


READERS: tuple[tuple[Any, Callable[[Reply], object]], ...] = (
    (spot.FULL, lambda one: order_of(one.body)),
    (spot.CANCELLED, lambda one: order_of(one.body)),
    ([spot.ROW], lambda one: spot_replies.read_orders(one.body, "")),
    ([spot.MY_TRADE], lambda one: spot_replies.read_trades(one.body, "")),
    (spot.ACCOUNT, account_of),
    (spot.COMMISSION, terms_of),
    (spot.LISTED, lambda one: spot_replies.read_listed(one.body, "BTCUSDT")),
    (HALVES, lambda one: spot_replies.read_replaced(one, "")),
    (PARTLY, lambda one: spot_replies.read_replaced(one, "")),
    (RESULT, result_of),
    (REFUSED, spot_replies.read_account),
    (KEY_FACTS, read_key_facts),
    ([COIN], lambda one: sapi_replies.read_wallets(one, "")),
    ([DEPOSIT], sapi_replies.read_deposits),
    ([WITHDRAWAL], sapi_replies.read_withdrawals),
    ({"rows": [TRANSFER]}, sapi_replies.read_transfers),
)


def test_answers() -> None:
    random, seen = Random(5), Counter[str]()
    for number in range(CASES):
        sample, read = READERS[number % len(READERS)]
        status = random.choice((200, 200, 200, 400, 409, 503))
        try:
            read(reply(damage(random, sample), status))
            seen[str(number % len(READERS))] += 1
        except ExchangeError as error:
            seen[type(error).__name__] += 1
    assert seen["OutcomeUnknown"] > CASES // 100
    assert seen["ExchangeError"] > CASES // 20
    assert len(seen) >= len(READERS)


def amounts(item: Heard) -> list[Decimal]:
    if isinstance(item, Fill):
        return [item.quantity, item.price, item.fee]
    if isinstance(item, OrderReport):
        return [item.filled]
    assert isinstance(item, AccountUpdate | AccountSnapshot)
    return [amount for one in item.balances for amount in (one.total, one.locked or Decimal(0))]


class Heap:
    """Everything that was told, held to the rules of reports."""

    def __init__(self) -> None:
        self.fills: set[tuple[str, str]] = set()
        self.reports: dict[tuple[str, str], OrderReport] = {}

    def take(self, item: Heard) -> None:
        if isinstance(item, Send | Fetch | Reconnect):
            return
        assert all(amount.is_finite() for amount in amounts(item)), item
        assert not isinstance(item, OrderReport | Fill | AccountUpdate | AccountSnapshot) or 0 <= item.ts < 2**63
        if isinstance(item, Fill):
            key = (item.instrument, item.fill_id)
            assert key not in self.fills
            self.fills.add(key)
        if isinstance(item, OrderReport):
            key = (item.instrument, item.venue_order_id)
            before = self.reports.get(key)
            if before is not None:
                assert before.state is item.state or may_become(before.state, item.state)
                assert (before.state, before.filled) != (item.state, item.filled)
                assert before.filled <= item.filled
            self.reports[key] = item


def test_connections() -> None:
    random, seen, now = Random(6), Counter[str](), START
    desk, past, offset, heap = Desk("ae-"), Past(), ClockOffset(), Heap()
    desk.sent(spot.order(), START)

    def subscription() -> Call:
        return Call(id="sub", method="", frame=str)

    def opened() -> SpotUserStream:
        stream = SpotUserStream("ws://h", subscription, desk=desk, past=past, offset=offset, venue="binance",
                                symbols=["BTCUSDT", "ETHUSDT"], pace=PACE)  # fmt: skip
        stream.opened(now)
        return stream

    stream, asked = opened(), list[Fetch]()

    def step() -> Sequence[Heard]:
        draw = random.random()
        if draw < 0.5:
            return stream.received(damage(random, random.choice(FRAMES)), now)
        if draw < 0.85 and asked:
            fetch = asked.pop(random.randrange(len(asked)))
            sample = ANSWERS.get(fetch.request.path, {})
            body = damage(random, sample) if random.random() < 0.5 else encode(sample)
            answer = reply(body, random.choice((200, 200, 200, 400, 503)), now=now)
            return stream.fetched(fetch.tag, answer if random.random() < 0.95 else None, now)
        return stream.tick(now, connected=random.random() < 0.8)

    for number in range(CASES):
        now += random.randrange(S)
        if number % 100 == 0:
            stream, asked = opened(), []
        try:
            heard = step()
        except ExchangeError:
            seen["ExchangeError"] += 1
            continue
        for one in heard:
            heap.take(one)
            seen[type(one).__name__] += 1
            asked += [one] if isinstance(one, Fetch) else []
        seen["whole"] += stream.delivering()
    assert {"OrderReport", "Fill", "AccountUpdate", "AccountSnapshot", "Reconnect", "Fetch", "Send"} < seen.keys()
    assert seen["ExchangeError"] > CASES // 50
    assert seen["whole"] > 0
