"""The user stream's protocol layer: back-fill, rounds, look-ups, and a stream that is mute."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Fill, OrderOrigin, OrderReport, OrderState
from arbcore.net.offset import ClockOffset
from arbcore.net.protocol import Fetch, Reconnect, Send
from arbcore.net.request import Reply
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.known import Known
from arbcore_exchange_upbit.protocol.private.purse import Purse
from arbcore_exchange_upbit.protocol.private.user_stream import MARGIN_NS, AccountWatch, UpbitUserStream
from plugins.exchanges.upbit.tests.private_samples import (
    MS,
    TRADE,
    UUID,
    account_row,
    asset_frame,
    order_frame,
    order_row,
    trade_row,
)
from plugins.exchanges.upbit.tests.samples import raw, reply

S = 10**9
NOW = 1_795_143_846 * S
PERIOD = 5 * S

DONE: dict[str, Any] = {
    "state": "done",
    "volume": "0.004",
    "executed_volume": "0.004",
    "paid_fee": "297.92",
}
DETAIL: dict[str, Any] = {**DONE, "trades": [trade_row(volume="0.004", price="148960000", funds="595840")]}


def watching(**changes: Any) -> AccountWatch:
    given: dict[str, Any] = {
        "url": "ws://venue/private",
        "venue": "upbit",
        "desk": OrderDesk("upbit", "ae"),
        "purse": Purse("upbit"),
        "poll_period": PERIOD,
        "stream_grace": 3 * S,
        "ping_after": 10 * S,
        "settled_at": NOW,
        "offset": ClockOffset(),
    }
    return AccountWatch(**{**given, **changes})


class Rest:
    """Answers questions from what the venue knows now."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "/orders/uuids": [],
            "/orders/open": [],
            "/orders/closed": [],
            "/accounts": [account_row()],
            **{f"/{name.replace('__', '/')}": answer for name, answer in answers.items()},
        }
        self.asked: list[str] = []

    def reply(self, fetch: Fetch, sent: int) -> Reply | None:
        self.asked.append(f"{fetch.request.path}?{fetch.request.query}")
        found = self.answers.get(fetch.request.path, {"error": {"name": "order_not_found", "message": ""}})
        if callable(found):
            found = found(fetch)
        if found is None or isinstance(found, Reply):
            return found
        return reply(found, 404 if isinstance(found, dict) and "error" in found else 200, sent=sent)

    def serve(self, stream: UpbitUserStream, heard: Sequence[Any], now: int) -> list[Any]:
        """Answer everything, what answers ask in turn included; return what was told."""
        told, waiting = [], list(heard)
        while waiting:
            item = waiting.pop(0)
            if isinstance(item, Fetch):
                waiting += stream.fetched(item.tag, self.reply(item, now), now)
            else:
                told.append(item)
        return told


def whole(watch: AccountWatch, rest: Rest | None = None, now: int = NOW) -> UpbitUserStream:
    """A connection whose back-fill is complete and whose snapshot was told."""
    stream = UpbitUserStream(watch, "t")
    (rest or Rest()).serve(stream, stream.opened(now), now)
    assert stream.delivering()
    (first, *_) = stream.tick(now, connected=True)
    assert isinstance(first, AccountSnapshot)
    return stream


def kinds(told: Sequence[Any]) -> list[type]:
    return [type(item) for item in told]


def test_it_subscribes_pings_and_asks() -> None:
    stream = UpbitUserStream(watching(), "a-ticket")
    assert stream.url == "ws://venue/private"
    subscription, ping, *questions = stream.opened(NOW)
    assert isinstance(subscription, Send)
    assert json.loads(subscription.data) == [
        {"ticket": "a-ticket"},
        {"type": "myOrder"},
        {"type": "myAsset"},
        {"format": "DEFAULT"},
    ]
    assert ping == Send("PING")
    assert [one.request.path for one in questions if isinstance(one, Fetch)] == ["/orders/open", "/orders/closed"]


def test_it_delivers_once_the_back_fill_is_complete_and_then_tells_a_snapshot() -> None:
    watch, rest = watching(), Rest()
    stream = UpbitUserStream(watch, "t")
    first = list(stream.opened(NOW))
    fetches = [item for item in first if isinstance(item, Fetch)]
    assert stream.tick(NOW, connected=True) == []
    more = [*stream.fetched(fetches[0].tag, rest.reply(fetches[0], NOW), NOW)]
    assert (more, stream.delivering()) == ([], False)
    (accounts,) = stream.fetched(fetches[1].tag, rest.reply(fetches[1], NOW), NOW)
    assert isinstance(accounts, Fetch)
    assert not stream.delivering()
    (update,) = stream.fetched(accounts.tag, rest.reply(accounts, NOW), NOW)
    assert isinstance(update, AccountUpdate)
    assert stream.delivering()
    (snapshot,) = stream.tick(NOW + 1, connected=True)
    assert isinstance(snapshot, AccountSnapshot)
    assert [(one.currency, one.total) for one in snapshot.balances] == [("KRW", Decimal(1_000_000))]
    assert stream.tick(NOW + 2, connected=True) == []


def test_a_silent_asset_stream_is_no_fault() -> None:
    stream = whole(watching())
    for n in range(1, 4):
        heard = stream.tick(NOW + n * PERIOD, connected=True)
        assert not [item for item in heard if isinstance(item, Reconnect)]
        stream.received(b'{"status":"UP"}', NOW + n * PERIOD)
    assert stream.delivering()


def test_what_was_missed_is_told_ours_first() -> None:
    watch = watching()
    watch.desk.identified(watch.desk.sent("KRW-BTC", "ae-1", NOW), UUID, NOW, NOW)
    watch.desk.sent("KRW-BTC", "ae-2", NOW)
    rest = Rest(
        orders__uuids=lambda fetch: [order_row(**DONE)] if UUID in fetch.request.query else [],
        orders__open=[order_row(uuid="u-9", identifier=None)],
        orders__closed=[order_row(uuid="u-8", identifier="ae-8", state="cancel")],
        order=order_row(**DETAIL),
    )
    stream = UpbitUserStream(watch, "t")
    told = rest.serve(stream, stream.opened(NOW), NOW)
    assert rest.asked == [
        f"/orders/uuids?uuids[]={UUID}",
        "/orders/uuids?identifiers[]=ae-2",
        "/orders/open?states[]=wait&states[]=watch&page=1&limit=100&order_by=asc",
        f"/orders/closed?states[]=done&states[]=cancel&start_time={(NOW - MARGIN_NS) // 10**6}&limit=1000&order_by=asc",
        f"/order?uuid={UUID}",
        "/accounts?",
    ]
    news = [item for item in told if isinstance(item, OrderReport | Fill)]
    assert [(type(item), item.venue_order_id) for item in news] == [
        (OrderReport, UUID),
        (OrderReport, "u-9"),
        (OrderReport, "u-8"),
        (Fill, UUID),
    ]
    assert stream.delivering()


def test_pages_are_read_to_their_end() -> None:
    def page(fetch: Fetch) -> Any:
        first = "page=1&" in fetch.request.query
        return [order_row(uuid=f"u-{n}-{first}", identifier=None) for n in range(100 if first else 3)]

    watch, rest = watching(), Rest(orders__open=page)
    whole(watch, rest)
    assert len(watch.desk.open()) == 103


def test_the_next_connection_begins_where_the_last_one_ended() -> None:
    watch = watching()
    stream = whole(watch)
    rest = Rest()
    rest.serve(stream, stream.tick(NOW + PERIOD, connected=True), NOW + PERIOD)
    assert stream.closed(NOW + PERIOD + S) == ()
    assert stream.received(raw(order_frame()), NOW + PERIOD + S) == ()
    assert stream.tick(NOW + 9 * PERIOD, connected=True) == ()
    assert not stream.delivering()
    later = Rest()
    whole(watch, later, NOW + 60 * S)
    assert f"start_time={(NOW + PERIOD - MARGIN_NS) // 10**6}" in later.asked[1]


def test_while_the_connection_is_down_replies_tell() -> None:
    stream = UpbitUserStream(watching(), "t")
    assert stream.tick(NOW, connected=False) == []
    rest = Rest(orders__open=[order_row()])
    told = rest.serve(stream, stream.tick(NOW + PERIOD, connected=False), NOW + PERIOD)
    assert kinds(told) == [OrderReport, AccountUpdate]
    assert not stream.delivering()
    assert stream.tick(NOW + PERIOD + 1, connected=False) == []


def test_an_answer_that_does_not_come_is_asked_for_again() -> None:
    stream = UpbitUserStream(watching(), "t")
    Rest(orders__open=lambda _: None).serve(stream, stream.opened(NOW), NOW)
    assert not stream.delivering()
    assert stream.tick(NOW + S - 1, connected=True) == []
    again = stream.tick(NOW + S, connected=True)
    Rest().serve(stream, again, NOW + S)
    assert stream.delivering()


def test_a_refused_back_fill_ends_the_connection_and_a_refused_round_does_not() -> None:
    refusal = reply({"error": {"name": "out_of_scope", "message": ""}}, 403)
    stream = UpbitUserStream(watching(), "t")
    with pytest.raises(ExchangeRefused, match="out_of_scope"):
        Rest(accounts=refusal).serve(stream, stream.opened(NOW), NOW)
    stream = whole(watching())
    told = Rest(accounts=refusal).serve(stream, stream.tick(NOW + PERIOD, connected=True), NOW + PERIOD)
    assert told == []
    assert stream.delivering()


def test_frames_are_told_at_once() -> None:
    stream = whole(watching())
    fill, report = stream.received(raw(order_frame()), NOW + S)
    assert isinstance(fill, Fill)
    assert isinstance(report, OrderReport)
    assert (fill.fill_id, report.state) == (TRADE, OrderState.PARTIALLY_FILLED)
    (update,) = stream.received(raw(asset_frame()), NOW + S)
    assert isinstance(update, AccountUpdate)
    assert update.balances[0].total == Decimal("1386929.37231") + Decimal("10329.67")
    with pytest.raises(ExchangeError):
        stream.received(b"[]", NOW)


def test_a_balance_from_the_stream_is_confirmed_by_a_reply() -> None:
    stream = whole(watching())
    stream.received(raw(asset_frame()), NOW + S)
    assert stream.tick(NOW + S, connected=True) == []
    (asked,) = stream.tick(NOW + 2 * S, connected=True)
    assert isinstance(asked, Fetch)
    exact = [account_row("KRW", "1386929.3723100000001", "10329.67")]
    (update,) = stream.fetched(asked.tag, reply(exact, sent=NOW + 2 * S), NOW + 2 * S + 1)
    assert isinstance(update, AccountUpdate)
    assert update.balances[0].total == Decimal("1397259.0423100000001")
    assert stream.tick(NOW + 3 * S, connected=True) == []


def test_a_fill_that_only_a_reply_knows_shows_that_the_stream_is_mute() -> None:
    stream = whole(watching())
    rest = Rest(orders__closed=[order_row(**DONE)], order=order_row(**DETAIL))
    now = NOW + PERIOD
    told = rest.serve(stream, stream.tick(now, connected=True), now)
    assert [type(item) for item in told[:2]] == [OrderReport, Fill]
    assert not [item for item in stream.tick(now + 3 * S, connected=True) if isinstance(item, Reconnect)]
    heard = stream.tick(now + 3 * S + 1, connected=True)
    (reconnect,) = [item for item in heard if isinstance(item, Reconnect)]
    assert reconnect.mute
    assert UUID in reconnect.reason


def test_a_stream_that_tells_in_time_is_not_mute() -> None:
    stream = whole(watching())
    rest = Rest(orders__closed=[order_row(**DONE)], order=order_row(**DETAIL))
    now = NOW + PERIOD
    rest.serve(stream, stream.tick(now, connected=True), now)
    assert stream.received(raw(order_frame()), now + S) == []
    assert stream.received(raw(order_frame(state="done", trade_uuid=None)), now + S) == []
    assert not [item for item in stream.tick(now + 4 * S, connected=True) if isinstance(item, Reconnect)]


def test_the_stream_owes_nothing_of_what_was_before_it() -> None:
    watch = watching()
    stream = UpbitUserStream(watch, "t")
    rest = Rest(orders__closed=[order_row(**DONE)], order=order_row(**DETAIL))
    rest.serve(stream, stream.opened(NOW), NOW)
    assert stream.delivering()
    assert not [item for item in stream.tick(NOW + 4 * S, connected=True) if isinstance(item, Reconnect)]


def test_a_fill_that_is_missing_is_looked_up_between_rounds() -> None:
    stream = whole(watching())
    stream.received(raw(order_frame(state="done", trade_uuid=None, volume=0.004)), NOW + S)
    assert stream.tick(NOW + S, connected=True) == []
    (asked,) = stream.tick(NOW + 2 * S, connected=True)
    assert isinstance(asked, Fetch)
    assert asked.request.query == f"uuid={UUID}"
    (fill,) = stream.fetched(asked.tag, reply(order_row(**DETAIL), sent=NOW + 2 * S), NOW + 2 * S)
    assert isinstance(fill, Fill)
    assert stream.fetched(asked.tag, None, NOW + 2 * S) == ()
    assert stream.fetched(asked.tag, reply(b"x", 200), NOW + 2 * S) == ()


def test_it_pings_a_quiet_socket() -> None:
    stream = whole(watching(poll_period=1000 * S))
    assert stream.tick(NOW + 9 * S, connected=True) == []
    assert stream.tick(NOW + 10 * S, connected=True) == [Send("PING")]
    assert stream.tick(NOW + 11 * S, connected=True) == []
    stream.received(b'{"status":"UP"}', NOW + 19 * S)
    assert stream.tick(NOW + 28 * S, connected=True) == []


def test_a_round_that_never_ends_is_replaced() -> None:
    stream = whole(watching())
    lost = stream.tick(NOW + PERIOD, connected=True)
    assert len(lost) == 2
    assert stream.tick(NOW + 2 * PERIOD, connected=True) in ([], [Send("PING")])
    again = [item for item in stream.tick(NOW + 4 * PERIOD, connected=True) if isinstance(item, Fetch)]
    assert len(again) == 2
    assert {item.tag for item in again}.isdisjoint({item.tag for item in lost if isinstance(item, Fetch)})
    # A late answer of the lost round says nothing any more.
    (first, _) = lost
    assert isinstance(first, Fetch)
    assert stream.fetched(first.tag, reply([order_row()]), NOW + 4 * PERIOD) == ()


def test_a_confirmed_balance_is_asked_for_no_more_and_the_next_frame_a_second_later() -> None:
    stream = whole(watching(poll_period=1000 * S))
    stream.received(raw(asset_frame()), NOW + S)
    (asked,) = fetches(stream.tick(NOW + 2 * S, connected=True))
    stream.received(raw(asset_frame(asset_timestamp=MS + 1)), NOW + 2 * S + 1)
    stream.fetched(asked.tag, reply([account_row()], sent=NOW + 2 * S), NOW + 2 * S + 2)
    assert not fetches(stream.tick(NOW + 3 * S, connected=True))
    (again,) = fetches(stream.tick(NOW + 3 * S + 1, connected=True))
    stream.fetched(again.tag, reply([account_row()], sent=NOW + 3 * S + 2), NOW + 3 * S + 3)
    assert not fetches(stream.tick(NOW + 900 * S, connected=True))


def test_a_replacement_that_never_came_is_no_sign_of_a_mute_stream() -> None:
    watch = watching()
    stream = whole(watch)
    new = watch.desk.sent("KRW-BTC", "ae-2", NOW)
    new.replaces = Known("KRW-BTC", "ae-1", OrderOrigin.OURS, NOW)
    now = NOW + 40 * S
    told = Rest().serve(stream, stream.tick(now, connected=True), now)
    assert [item.state for item in told if isinstance(item, OrderReport)] == [OrderState.REJECTED]
    assert not [item for item in stream.tick(now + 4 * S, connected=True) if isinstance(item, Reconnect)]


def test_a_round_that_was_refused_while_the_connection_was_down_proves_nothing() -> None:
    watch = watching()
    stream = UpbitUserStream(watch, "t")
    stream.tick(NOW, connected=False)
    closed, opened = reversed(fetches(stream.tick(NOW + PERIOD, connected=False)))
    refusal = reply({"error": {"name": "market_offline", "message": ""}}, 403)
    with pytest.raises(ExchangeRefused):
        stream.fetched(closed.tag, refusal, NOW + PERIOD)
    Rest().serve(stream, [opened], NOW + PERIOD)
    assert watch.settled_at == NOW
    again = fetches(stream.tick(NOW + 2 * PERIOD, connected=False))
    Rest().serve(stream, again, NOW + 2 * PERIOD)
    assert watch.settled_at == NOW + 2 * PERIOD


def test_what_ended_in_weeks_without_an_answer_is_asked_for_week_by_week() -> None:
    now = NOW + 10 * 86_400 * S
    rest = Rest()
    whole(watching(), rest, now)
    first, week = (NOW - MARGIN_NS) // 10**6, 7 * 86_400_000
    asked = [query.partition("cancel&")[2].partition("&limit")[0] for query in rest.asked if "closed" in query]
    assert asked == [f"start_time={first}&end_time={first + week}", f"start_time={first + week}"]


def fetches(heard: Sequence[Any]) -> list[Fetch]:
    return [item for item in heard if isinstance(item, Fetch)]
