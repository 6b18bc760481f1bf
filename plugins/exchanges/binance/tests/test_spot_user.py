"""The user stream of spot, without sockets: subscription, events, back-fill, polling, mute streams."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from arbcore.errors import ExchangeError
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Fill, OrderOrigin, OrderRef, OrderReport, OrderState
from arbcore.net.calls import Call
from arbcore.net.offset import ClockOffset
from arbcore.net.protocol import Fetch, Heard, Reconnect, Send
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.spot_past import Past
from arbcore_exchange_binance.protocol.spot_requests import SPAN_NS
from arbcore_exchange_binance.protocol.spot_user import Pace, SpotUserStream
from plugins.exchanges.binance.tests.samples import START, S, encode, reply
from plugins.exchanges.binance.tests.spot_samples import (
    ACCOUNT,
    CANCEL_EVENT,
    EXECUTION,
    KEY,
    MOVED,
    MY_TRADE,
    NEW_EVENT,
    POSITION,
    ROW,
    event,
    order,
)

PACE = Pace(mute_after=15 * S, poll_interval=S, reconcile=30 * S, grace=5 * S)
FILLED = {**ROW, "status": "FILLED", "executedQty": "0.30000000"}
FILLED_TRADES = [MY_TRADE, {**MY_TRADE, "id": 57, "qty": "0.2"}]


class Line:
    """What surrounds a stream: what outlives a connection, and connections one after the other."""

    def __init__(self, symbols: Sequence[str] = ("BTCUSDT",)) -> None:
        self.desk, self.past, self.offset = Desk("ae-"), Past(), ClockOffset()
        self.symbols = symbols
        self.opened = 0

    def open(self) -> SpotUserStream:
        def subscribe() -> Call:
            self.opened += 1
            return Call(id=f"sub-{self.opened}", method="", frame=lambda now: f"subscribe {now}")

        return SpotUserStream(
            "ws://h/ws-api/v3",
            subscribe,
            desk=self.desk,
            past=self.past,
            offset=self.offset,
            venue="binance",
            symbols=self.symbols,
            pace=PACE,
        )

    def subscribed(self, now: int = START) -> tuple[SpotUserStream, Sequence[Heard]]:
        stream = self.open()
        assert stream.opened(now) == [Send(f"subscribe {now}")]
        return stream, stream.received(encode({"id": f"sub-{self.opened}", "status": 200, "result": {}}), now)

    def whole(self, now: int = START) -> SpotUserStream:
        stream, heard = self.subscribed(now)
        assert paths(heard) == ["/api/v3/account"]
        assert stream.delivering()
        return stream


def fetches(heard: Sequence[Heard]) -> list[Fetch]:
    return [one for one in heard if isinstance(one, Fetch)]


def paths(heard: Sequence[Heard]) -> list[str]:
    return [one.request.path for one in fetches(heard)]


def told(heard: Sequence[Heard]) -> list[Any]:
    """Reports as state and filled quantity, fills as their ids."""
    return [
        (one.state, one.filled) if isinstance(one, OrderReport) else one.fill_id
        for one in heard
        if isinstance(one, OrderReport | Fill)
    ]


def tag_of(heard: Sequence[Heard], path: str) -> str:
    return next(one.tag for one in fetches(heard) if one.request.path == path)


def test_the_stream_is_whole_once_the_past_is_told() -> None:
    line = Line()
    line.desk.sent(order(), START - 90 * S)
    stream, heard = line.subscribed()
    assert paths(heard) == ["/api/v3/order"]
    assert not stream.delivering()
    heard = stream.fetched(fetches(heard)[0].tag, reply(FILLED), START)
    assert paths(heard) == ["/api/v3/myTrades"]
    heard = stream.fetched(fetches(heard)[0].tag, reply(FILLED_TRADES), START)
    assert told(heard) == ["BTCUSDT-56", "BTCUSDT-57", (OrderState.FILLED, Decimal("0.3"))]
    assert stream.delivering()
    heard = stream.fetched(tag_of(heard, "/api/v3/account"), reply(ACCOUNT), START)
    assert isinstance(heard[0], AccountSnapshot)
    assert not list(line.desk.unsettled())


def test_events_are_told_once_and_fills_before_their_reports() -> None:
    stream = Line().whole()
    heard = [*stream.received(event(NEW_EVENT), START), *stream.received(event(EXECUTION), START)]
    assert told(heard) == [
        (OrderState.ACKNOWLEDGED, Decimal(0)),
        "BTCUSDT-56",
        (OrderState.PARTIALLY_FILLED, Decimal("0.1")),
    ]
    assert stream.received(event(EXECUTION), START) == []
    assert told(stream.received(event(CANCEL_EVENT), START)) == [(OrderState.CANCELLED, Decimal("0.1"))]
    assert stream.received(event(NEW_EVENT), START) == []


def test_a_renewed_connection_tells_nothing_again() -> None:
    line = Line()
    stream = line.whole()
    stream.received(event(EXECUTION), START)
    stream.received(event(CANCEL_EVENT), START)
    after, heard = line.subscribed(START + S)
    assert sorted(paths(heard)) == ["/api/v3/allOrders", "/api/v3/myTrades"]
    rest = after.fetched(tag_of(heard, "/api/v3/myTrades"), reply([MY_TRADE]), START + S)
    rest = [*rest, *after.fetched(tag_of(heard, "/api/v3/allOrders"), reply([{**ROW, "status": "CANCELED"}]), START)]
    assert told(rest) == []
    assert after.delivering()
    assert after.received(event(EXECUTION), START) == []


def test_what_was_missed_is_told_in_order_and_before_it_is_whole() -> None:
    line = Line()
    line.whole()
    after, heard = line.subscribed(START + 60 * S)
    theirs = {**ROW, "clientOrderId": "web_1", "orderId": 29, "status": "CANCELED", "executedQty": "0",
              "updateTime": ROW["updateTime"] + 1}  # fmt: skip
    row = {**ROW, "updateTime": MY_TRADE["time"]}
    assert after.fetched(tag_of(heard, "/api/v3/allOrders"), reply([row, theirs]), START) == []
    assert not after.delivering()
    rest = after.fetched(tag_of(heard, "/api/v3/myTrades"), reply([MY_TRADE]), START)
    assert told(rest) == [
        "BTCUSDT-56",
        (OrderState.PARTIALLY_FILLED, Decimal("0.1")),
        (OrderState.CANCELLED, Decimal(0)),
    ]
    origins = [one.origin for one in rest if isinstance(one, OrderReport)]
    assert origins == [OrderOrigin.OURS, OrderOrigin.FOREIGN]
    assert after.delivering()


def test_a_fill_whose_order_is_not_told_asks_for_that() -> None:
    line = Line()
    line.whole()
    after, heard = line.subscribed(START + 60 * S)
    after.fetched(tag_of(heard, "/api/v3/allOrders"), reply([]), START)
    rest = after.fetched(tag_of(heard, "/api/v3/myTrades"), reply([MY_TRADE]), START)
    assert paths(rest) == ["/api/v3/order"]
    assert parse_qs(fetches(rest)[0].request.query)["orderId"] == ["28"]
    rest = after.fetched(fetches(rest)[0].tag, reply(ROW), START)
    assert told(rest) == ["BTCUSDT-56", (OrderState.PARTIALLY_FILLED, Decimal("0.1"))]
    assert [one.client_order_id for one in rest if isinstance(one, Fill)] == ["ae-1"]


def test_full_pages_are_followed() -> None:
    line = Line()
    line.whole()
    after, heard = line.subscribed(START + 60 * S)
    page = [{**MY_TRADE, "id": number, "qty": "0.0001"} for number in range(1000)]
    rest = after.fetched(tag_of(heard, "/api/v3/myTrades"), reply(page), START)
    assert parse_qs(fetches(rest)[0].request.query)["fromId"] == ["1000"]
    assert after.fetched(fetches(rest)[0].tag, reply([]), START) == []
    rest = after.fetched(tag_of(heard, "/api/v3/allOrders"), reply([ROW]), START)
    assert len(told(rest)) == 1001
    assert after.delivering()


def test_a_long_outage_is_asked_for_in_spans() -> None:
    line = Line()
    line.whole()
    _, heard = line.subscribed(START + 2 * SPAN_NS)
    spans = [parse_qs(one.request.query) for one in fetches(heard) if one.request.path == "/api/v3/myTrades"]
    assert ["endTime" in one for one in spans] == [True, True, False]


def test_what_is_not_answered_is_asked_again() -> None:
    line = Line()
    line.whole()
    line.desk.sent(order(), START)
    after, heard = line.subscribed(START + 60 * S)
    assert after.fetched(fetches(heard)[0].tag, None, START + 60 * S) == []
    assert after.tick(START + 60 * S + S // 2, connected=True) == []
    again = fetches(after.tick(START + 61 * S, connected=True))
    assert paths(again) == ["/api/v3/order"]
    heard = after.fetched(again[0].tag, reply({"code": -2013, "msg": "Order does not exist."}, 400), START + 61 * S)
    trades = tag_of(heard, "/api/v3/myTrades")
    after.fetched(trades, reply({}, 503), START + 61 * S)
    after.fetched(tag_of(heard, "/api/v3/allOrders"), reply([]), START + 61 * S)
    assert not after.delivering()
    again = fetches(after.tick(START + 63 * S, connected=True))
    assert [one.tag for one in again] == [trades]
    after.fetched(trades, reply([]), START + 63 * S)
    assert after.delivering()


def test_orders_are_polled_while_the_connection_is_down() -> None:
    line = Line()
    line.desk.sent(order(), START)
    stream = line.open()
    assert stream.tick(START, connected=False) == []
    heard = stream.tick(START + S, connected=False)
    assert paths(heard) == ["/api/v3/order"]
    assert stream.tick(START + 2 * S, connected=False) == []
    heard = stream.fetched(fetches(heard)[0].tag, reply(FILLED), START + 2 * S)
    heard = stream.fetched(fetches(heard)[0].tag, reply(FILLED_TRADES), START + 2 * S)
    assert len(told(heard)) == 3
    assert stream.tick(START + 9 * S, connected=False) == []


def test_an_answer_from_before_the_subscription_is_not_enough() -> None:
    line = Line()
    line.desk.sent(order(), START - 5 * S)
    stream = line.open()
    early = fetches(stream.tick(START, connected=False))
    stream.opened(START)
    heard = stream.received(encode({"id": "sub-1", "status": 200, "result": {}}), START)
    assert paths(heard) == ["/api/v3/order"]
    stream.fetched(early[0].tag, reply({**ROW, "status": "NEW", "executedQty": "0"}), START)
    assert not stream.delivering()
    stream.fetched(fetches(heard)[0].tag, reply({**ROW, "status": "NEW", "executedQty": "0"}), START)
    assert stream.delivering()


def test_every_order_has_its_turn() -> None:
    line = Line()
    for number in range(7):
        line.desk.sent(order(client_order_id=f"ae-{number}"), START)
    stream = line.open()
    asked: list[str] = []
    for second in range(1, 4):
        heard = stream.tick(START + second * S, connected=False)
        asked += [parse_qs(one.request.query)["origClientOrderId"][0] for one in fetches(heard)]
        for one in fetches(heard):
            stream.fetched(one.tag, None, START + second * S)
    assert set(asked) == {f"ae-{number}" for number in range(7)}


def test_a_mute_stream_is_found_and_what_it_hid_is_told() -> None:
    line = Line()
    stream = line.whole()
    line.desk.sent(order(), START)
    now = START + 31 * S
    later = {"updateTime": START // 10**6 + 1000}
    tag = tag_of(stream.tick(now, connected=True), "/api/v3/order")
    tag = tag_of(stream.fetched(tag, reply({**FILLED, **later}, now=now), now), "/api/v3/myTrades")
    heard = stream.fetched(tag, reply(FILLED_TRADES, now=now), now)
    assert len(told(heard)) == 3
    assert [one.mute for one in heard if isinstance(one, Reconnect)] == [True]


def test_what_happened_before_the_subscription_is_not_the_streams_to_tell() -> None:
    line = Line()
    stream = line.whole()
    line.desk.claim(OrderRef(client_order_id="ae-1", instrument=KEY), START)
    now = START + 31 * S
    tag = tag_of(stream.tick(now, connected=True), "/api/v3/order")
    early = {"executedQty": "0", "time": START // 10**6 - 2, "updateTime": START // 10**6 - 1}
    heard = stream.fetched(tag, reply({**ROW, **early}, now=now), now)
    assert len(told(heard)) == 1
    assert not [one for one in heard if isinstance(one, Reconnect)]


@pytest.mark.parametrize("comes", [True, False])
def test_a_stream_that_lags_a_little_is_not_mute(comes: bool) -> None:
    line = Line()
    stream = line.whole()
    line.desk.sent(order(), START)
    now = START + 31 * S
    fresh = {**ROW, "status": "CANCELED", "executedQty": "0", "updateTime": (now - 4 * S) // 10**6}
    tag = tag_of(stream.tick(now, connected=True), "/api/v3/order")
    rest = stream.fetched(tag, reply(fresh, now=now), now)
    assert told(rest) == [(OrderState.CANCELLED, Decimal(0))]
    if comes:
        assert stream.received(event({**CANCEL_EVENT, "z": "0"}), now + S) == []
    later = [*stream.tick(now + 5 * S, connected=True), *rest]
    assert not [one for one in later if isinstance(one, Reconnect)]
    later = [*stream.tick(now + 6 * S, connected=True)]
    assert [one.mute for one in later if isinstance(one, Reconnect)] == ([] if comes else [True])


def test_a_quiet_stream_is_kept_talking() -> None:
    stream = Line().whole()
    sent = [one for one in stream.tick(START + 5 * S, connected=True) if isinstance(one, Send)]
    assert msgspec.json.decode(sent[0].data)["method"] == "ping"
    assert not [one for one in stream.tick(START + 6 * S, connected=True) if isinstance(one, Send)]
    assert stream.received(encode({"id": "ping-1", "status": 200, "result": {}}), START) == []


def test_money_that_moved_asks_for_the_account() -> None:
    stream = Line().whole()
    stream.fetched("account", reply(ACCOUNT), START)
    assert stream.tick(START + 2 * S, connected=True) == []
    assert paths(stream.received(event(MOVED), START)) == ["/api/v3/account"]
    assert stream.fetched("account", reply({"code": -1003, "msg": ""}, 400), START) == []
    assert "/api/v3/account" in paths(stream.tick(START + 2 * S, connected=True))


def test_balances_that_changed_after_the_snapshot_stay() -> None:
    stream = Line().whole()
    (update,) = stream.received(event(POSITION), START)
    assert isinstance(update, AccountUpdate)
    (snapshot,) = stream.fetched("account", reply(ACCOUNT), START)
    assert isinstance(snapshot, AccountSnapshot)
    assert {one.currency: one.total for one in snapshot.balances} == {"BTC": Decimal("1.3"), "BNB": Decimal("12.4")}


@pytest.mark.parametrize("name", ["eventStreamTerminated", "serverShutdown"])
def test_an_ended_stream_is_opened_anew(name: str) -> None:
    stream = Line().whole()
    (heard,) = stream.received(event({"e": name, "E": 1}), START)
    assert isinstance(heard, Reconnect)
    (heard,) = stream.received(encode({"e": name, "E": 1}), START)
    assert isinstance(heard, Reconnect)


def test_a_refused_subscription_shows_no_secret() -> None:
    stream = Line().open()
    stream.opened(START)
    secret = "k" * 64
    body = {"id": "sub-1", "status": 401, "error": {"code": -2015, "msg": f"Invalid API-key {secret}"}}
    with pytest.raises(ExchangeError) as caught:
        stream.received(encode(body), START)
    assert secret not in str(caught.value)


def test_a_wrong_clock_is_measured_before_the_next_attempt() -> None:
    line = Line()
    stream = line.open()
    stream.opened(START)
    body = {"id": "sub-1", "status": 400, "error": {"code": -1021, "msg": "Timestamp outside of the recvWindow."}}
    heard = stream.received(encode(body), START)
    assert paths(heard) == ["/api/v3/time"]
    answer = Reply(status=200, headers={}, body=encode({"serverTime": START // 10**6 + 5000}), sent_ts=START,
                   recv_ts=START)  # fmt: skip
    (again,) = stream.fetched(fetches(heard)[0].tag, answer, START)
    assert isinstance(again, Reconnect)
    assert line.offset.value >= 5 * S


def test_frames_of_other_kinds_say_nothing() -> None:
    stream = Line().whole()
    assert stream.received(event({"e": "listStatus", "E": 1, "s": "BTCUSDT"}), START) == []
    assert stream.received(encode({"id": "other", "status": 400, "error": {"code": 1, "msg": "x"}}), START) == []
    with pytest.raises(ExchangeError):
        stream.received(b"[]", START)
    assert stream.closed(START) == ()
