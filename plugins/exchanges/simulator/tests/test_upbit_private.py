"""Upbit's private side in memory: tokens, counters, the private stream, and every fault of orders."""

import hashlib
from typing import Any

import msgspec
import pytest

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.memory import UpbitTrader, make_venues
from arbcore_exchange_simulator.settings import SECOND
from arbcore_exchange_simulator.upbit.tokens import Flat, hashed_text
from arbcore_exchange_simulator.venues import Venues
from arbcore_exchange_simulator.wire import Answer, Refused, Request

BTC = "KRW-BTC"
KEY, SECRET = "sim-upbit-key", "sim-upbit-secret-0123456789abcdef0123"


@pytest.fixture
def venues() -> Venues:
    return make_venues(symbols=("BTC", "XRP"))


@pytest.fixture
def trader(venues: Venues) -> UpbitTrader:
    return UpbitTrader(venues)


@pytest.fixture
def market(venues: Venues) -> Market:
    return venues.world.markets["upbit"][BTC]


def place(trader: UpbitTrader, side: str = "bid", ticks: int = -4000, volume: str = "0.01", **more: Any) -> Any:
    """Place a limit order some ticks from the touch's own side."""
    market = trader.venues.world.markets["upbit"][BTC]
    (bid, _), (ask, _) = market.book.touch
    price = (bid if side == "bid" else ask) + ticks * market.listing.grid.tick(bid)
    told = {"market": BTC, "side": side, "ord_type": "limit", "price": str(price // 10**8), "volume": volume, **more}
    return trader.post("orders", **told)


def name(reply: tuple[int, Any]) -> tuple[int, str]:
    status, body = reply
    return status, body["error"]["name"]


def ask(venues: Venues, path: str = "v1/accounts", raw: str = "", **more: Any) -> tuple[int, Any]:
    answer = venues.serve(Request(more.pop("method", "GET"), "upbit", path, raw, {}, **more))
    return answer.status, msgspec.json.decode(answer.body)


def test_the_vectors_of_query_hashes() -> None:
    """Hashes of the fact sheet: an array in a query, and a JSON body in its own order."""
    query = Request("GET", "upbit", "v1/orders/open", "market=KRW-BTC&states[]=wait&states[]=watch&limit=10")
    assert hashlib.sha512(hashed_text(query, Flat()).encode()).hexdigest().startswith("e3cfc649139c595e")
    body = Flat(market="KRW-BTC", side="bid", volume="0.01", price="100000000", ord_type="limit")
    post = Request("POST", "upbit", "v1/orders")
    assert hashlib.sha512(hashed_text(post, body).encode()).hexdigest().startswith("04f10e7f849051645e")
    odd = Request("GET", "upbit", "v1/orders/closed", "start_time=2026-11-20T00%3A00%3A00%2B09%3A00&identifier=a%20b")
    assert hashed_text(odd, Flat()) == "start_time=2026-11-20T00:00:00+09:00&identifier=a b"
    assert hashed_text(post, Flat(a=["x", "y"], b=True, c="1.50")) == "a[]=x&a[]=y&b=true&c=1.50"


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_both_algorithms_are_taken(venues: Venues, algorithm: str) -> None:
    assert UpbitTrader(venues, algorithm=algorithm).get("accounts")[0] == 200


def test_tokens_that_are_refused(venues: Venues, trader: UpbitTrader) -> None:
    assert name(ask(venues)) == (401, "no_authorization_token")
    for header in ("Basic abc", "Bearer"):
        assert name(ask(venues, headers={"authorization": header})) == (401, "no_authorization_token")
    for token in ("a.b", "a.b.c", "e30.e30.!!", trader.token()[:-3] + "abc"):
        told = ask(venues, headers={"authorization": f"Bearer {token}"})
        assert name(told) in {(401, "jwt_verification"), (401, "invalid_access_key")}
    assert name(UpbitTrader(venues, algorithm="HS384").get("accounts")) == (401, "jwt_verification")
    assert name(UpbitTrader(venues, secret="wrong").get("accounts")) == (401, "jwt_verification")
    assert name(UpbitTrader(venues, key="unknown").get("accounts")) == (401, "invalid_access_key")


def test_a_token_serves_once(venues: Venues, trader: UpbitTrader) -> None:
    headers = {"authorization": f"Bearer {trader.token()}"}
    assert ask(venues, headers=headers)[0] == 200
    assert name(ask(venues, headers=headers)) == (401, "nonce_used")


def test_a_token_is_for_its_own_request(venues: Venues, trader: UpbitTrader) -> None:
    headers = {"authorization": f"Bearer {trader.token('market=KRW-XRP')}"}
    assert name(ask(venues, "v1/orders/chance", "market=KRW-BTC", headers=headers)) == (401, "invalid_query_payload")
    headers = {"authorization": f"Bearer {trader.token()}"}
    assert name(ask(venues, "v1/orders/chance", "market=KRW-BTC", headers=headers)) == (401, "invalid_query_payload")
    body = b'{"market":"KRW-BTC","side":"bid","ord_type":"price","price":6000}'
    json = {"content-type": "application/json"}
    swapped = trader.token("side=bid&market=KRW-BTC&ord_type=price&price=6000")
    told = ask(venues, "v1/orders", method="POST", body=body, headers={"authorization": f"Bearer {swapped}", **json})
    assert name(told) == (401, "invalid_query_payload")
    right = trader.token("market=KRW-BTC&side=bid&ord_type=price&price=6000")
    told = ask(venues, "v1/orders", method="POST", body=body, headers={"authorization": f"Bearer {right}", **json})
    assert told[0] == 201


def test_bodies_are_json_and_only_of_posts(venues: Venues, trader: UpbitTrader) -> None:
    token = {"authorization": f"Bearer {trader.token('a=b')}"}
    told = ask(venues, "v1/order", method="DELETE", body=b'{"uuid":"x"}', headers=token)
    assert name(told) == (400, "QUERY_PARAMETER_NOT_SUPPORTED")
    form = {**token, "content-type": "application/x-www-form-urlencoded"}
    assert name(ask(venues, "v1/orders", method="POST", body=b"a=b", headers=form)) == (400, "bad_request")
    json = {**token, "content-type": "application/json"}
    assert name(ask(venues, "v1/orders", method="POST", body=b"[1]", headers=json)) == (400, "bad_request")
    assert ask(venues, "v1/order", method="PUT", headers={"authorization": f"Bearer {trader.token()}"})[0] == 405


def test_keys_have_scopes_addresses_and_an_end() -> None:
    key = {"key": "k", "secret": "s", "permissions": ["asset-view"], "ips": ["10.0.0.1"], "expires_in": "60s"}
    venues = make_venues(symbols=("BTC",), accounts=[{"name": "a", "venue": "upbit", "keys": [key]}])
    trader = UpbitTrader(venues, "k", "s")
    assert name(trader.get("accounts")) == (401, "no_authorization_ip")

    def from_there(path: str) -> tuple[int, Any]:
        return ask(venues, path, ip="10.0.0.1", headers={"authorization": f"Bearer {trader.token()}"})

    assert from_there("v1/accounts") == (200, [])
    assert name(from_there("v1/orders/open")) == (403, "out_of_scope")
    assert from_there("v1/status/wallet")[0] == 200
    assert from_there("v1/api_keys")[1][0]["expire_at"] == "2026-11-20T12:05:00+09:00"
    venues.step(venues.world.now + 60 * SECOND)
    assert name(from_there("v1/accounts")) == (401, "expired_access_key")


def test_counters_are_of_groups_and_pockets() -> None:
    keys = [[{"key": f"k{number}", "secret": "s"}] for number in range(2)]
    accounts = [{"name": f"p{number}", "venue": "upbit", "owner": "me", "keys": one} for number, one in enumerate(keys)]
    venues = make_venues(symbols=("BTC",), accounts=accounts, rules={"tolerance": 3})
    first, second = UpbitTrader(venues, "k0", "s"), UpbitTrader(venues, "k1", "s")
    answers = [first.send("GET", "accounts", {}) for _ in range(31)]
    assert [one.status for one in answers] == [200] * 30 + [429]
    assert answers[0].headers["Remaining-Req"] == "group=default; min=1800; sec=29"
    assert msgspec.json.decode(answers[-1].body)["error"]["name"] == "too_many_requests"
    assert second.get("accounts")[0] == 200
    orders = [first.send("POST", "orders", {"market": BTC}) for _ in range(13)]
    assert [one.status for one in orders] == [400] * 12 + [429]
    assert orders[0].headers["Remaining-Req"] == "group=order; min=720; sec=11"
    assert [first.post("orders/test", market=BTC)[0] for _ in range(9)] == [400] * 8 + [429]
    assert [first.delete("orders/open")[0] for _ in range(2)] == [200, 429]
    venues.step(venues.world.now + SECOND)
    assert first.get("accounts")[0] == 200
    assert first.delete("orders/open")[0] == 429
    venues.step(venues.world.now + SECOND)
    assert first.delete("orders/open")[0] == 200
    for _ in range(33):
        first.get("accounts")
    assert first.get("accounts")[0] == 418
    venues.step(venues.world.now + 2 * SECOND)
    status, body = first.get("accounts")
    assert (status, body["error"]["message"]) == (418, "Too many requests: this pocket is blocked for 118 seconds")
    assert second.get("accounts")[0] == 200


def test_the_private_socket_needs_a_token(venues: Venues, trader: UpbitTrader) -> None:
    for bad in (UpbitTrader(venues, secret="x"), UpbitTrader(venues, key="x"), UpbitTrader(venues, algorithm="HS384")):
        with pytest.raises(Refused) as caught:
            bad.stream()
        assert caught.value.answer.status == 401
        assert b"INVALID_AUTH" in caught.value.answer.body
    for _ in range(5):
        trader.stream()
    with pytest.raises(Refused) as caught:
        trader.stream()
    assert caught.value.answer.status == 429


def test_what_the_private_socket_is_told(trader: UpbitTrader) -> None:
    socket = trader.stream()
    for message, error in (
        ([{"type": "myOrder"}], "NO_TICKET"),
        ([{"ticket": "t"}], "NO_TYPE"),
        ([{"ticket": "t"}, {"type": "orderbook", "codes": [BTC]}], "INVALID_PARAM"),
        ([{"ticket": "t"}, {"type": "myAsset", "codes": [BTC]}], "WRONG_FORMAT"),
    ):
        socket.say(message)
        assert socket.take()[0]["error"]["name"] == error
        socket.venues.step(socket.venues.world.now + SECOND)
    socket.say([{"ticket": "t"}, {"type": "myOrder", "codes": ["KRW-XRP"]}])
    socket.say([{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}])
    assert socket.take()[0]["result"] == [{"type": "myOrder", "codes": ["KRW-XRP"]}]
    place(trader)
    assert socket.take() == []
    socket.venues.step(socket.venues.world.now + SECOND)
    socket.say([{"ticket": "t"}, {"type": "myOrder", "codes": [BTC]}, {"type": "myAsset"}])
    place(trader)
    assert [one["type"] for one in socket.take()] == ["myOrder", "myAsset"]
    socket.say(b"PING")
    assert socket.take() == [{"status": "UP"}]
    socket.session.closed()
    place(trader)
    assert socket.take() == []


def test_an_idle_private_socket_is_closed(trader: UpbitTrader) -> None:
    socket = trader.stream({"type": "myOrder"})
    socket.wait(119)
    assert socket.ended is None
    socket.wait(2)
    assert socket.ended == 1001


@pytest.mark.parametrize("form", ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"])
def test_formats(trader: UpbitTrader, form: str) -> None:
    socket = trader.stream({"type": "myOrder"}, {"type": "myAsset"}, {"format": form})
    place(trader)
    order, money = socket.take()
    if form.endswith("LIST"):
        (order,), (money,) = order, money
    if form.startswith("SIMPLE"):
        assert (order["ty"], order["cd"], order["s"], order["im"]) == ("myOrder", BTC, "wait", None)
        assert set(money["ast"][0]) == {"cu", "b", "l"}
    else:
        assert (order["type"], order["code"], order["state"]) == ("myOrder", BTC, "wait")
        assert set(money["assets"][0]) == {"currency", "balance", "locked"}


def test_events_of_a_life(trader: UpbitTrader, venues: Venues) -> None:
    socket = trader.stream({"type": "myOrder"})
    _, row = place(trader, "ask", ticks=0, identifier="x")
    while trader.get("order", uuid=row["uuid"])[1]["state"] == "wait":
        venues.step(venues.world.now + SECOND)
    events = socket.take()
    states = [one["state"] for one in events]
    assert states[0] == "wait"
    assert states[-1] == "done"
    trades = [one for one in events if one["state"] == "trade"]
    assert len(trades) == len(events) - 2 > 0
    assert sum(one["volume"] for one in trades) == pytest.approx(0.01)
    assert all(one["is_maker"] and one["trade_fee"] > 0 for one in trades)
    told = trader.get("order", uuid=row["uuid"])[1]["trades"]
    assert [one["uuid"] for one in told] == [one["trade_uuid"] for one in trades]
    tape = {one.price / 1e8 for one in venues.world.markets["upbit"][BTC].trades}
    assert {one["price"] for one in trades} <= tape


# faults


def fault(venues: Venues, kind: Any, **more: Any) -> None:
    venues.faults.add(Fault(kind=kind, venue="upbit", **more))


def test_an_order_whose_reply_never_comes_exists(venues: Venues, trader: UpbitTrader) -> None:
    fault(venues, "ack_timeout", stream="place", times=1)
    told = {"market": BTC, "side": "bid", "ord_type": "price", "price": "6000"}
    assert trader.send("POST", "orders", {**told, "identifier": "lost"}).silent
    assert trader.get("order", identifier="lost")[1]["executed_volume"] != "0"
    assert not trader.send("POST", "orders", told).silent


def test_a_5xx_after_and_before_the_order(venues: Venues, trader: UpbitTrader) -> None:
    fault(venues, "unknown_5xx", times=1)
    assert name(place(trader, identifier="made")) == (500, "internal_server_error")
    fault(venues, "failed_5xx", times=1)
    assert name(place(trader, identifier="lost")) == (500, "internal_server_error")
    assert trader.get("order", identifier="made")[0] == 200
    assert name(trader.get("order", identifier="lost")) == (404, "order_not_found")
    assert trader.get("accounts")[0] == 200


def test_refusals_by_script(venues: Venues, trader: UpbitTrader) -> None:
    fault(venues, "reject_order", symbol="KRW-XRP")
    assert place(trader)[0] == 201
    venues.faults.clear()
    fault(venues, "reject_order", times=1)
    assert name(place(trader, "ask", 20)) == (400, "create_ask_error")
    fault(venues, "reject_order", code="insufficient_funds_bid", times=1)
    assert name(place(trader)) == (400, "insufficient_funds_bid")
    _, row = place(trader)
    fault(venues, "cancel_refused", times=1)
    assert name(trader.delete("order", uuid=row["uuid"])) == (400, "bad_request")
    assert trader.delete("order", uuid=row["uuid"])[0] == 200


def test_a_fill_that_the_venue_is_silent_about(venues: Venues, trader: UpbitTrader) -> None:
    socket = trader.stream({"type": "myOrder"}, {"type": "myAsset"})
    fault(venues, "fill_silence", lasts="5s")
    _, row = place(trader, "bid", ticks=40)
    assert [one.get("state") for one in socket.take()] == ["wait", None]
    shown = trader.get("order", uuid=row["uuid"])[1]
    assert (shown["state"], shown["executed_volume"], shown["trades"]) == ("wait", "0", [])
    assert [one["uuid"] for one in trader.get("orders/open")[1]] == [row["uuid"]]
    assert trader.get("orders/closed")[1] == []
    events = [one for one in socket.wait(6) if one["type"] == "myOrder"]
    assert [one["state"] for one in events][-1] == "done"
    assert events[-1]["executed_volume"] == 0.01
    assert trader.get("order", uuid=row["uuid"])[1]["state"] == "done"


def test_a_cancel_that_comes_too_late(venues: Venues, trader: UpbitTrader) -> None:
    _, row = place(trader)
    fault(venues, "fill_on_cancel", times=1)
    assert name(trader.delete("order", uuid=row["uuid"])) == (404, "order_not_found")
    assert trader.get("order", uuid=row["uuid"])[1]["state"] == "done"
    _, row = place(trader)
    fault(venues, "fill_on_cancel", fraction=0.25, times=1)
    assert trader.delete("order", uuid=row["uuid"])[1]["executed_volume"] == "0.0025"
    venues.step(venues.world.now + SECOND)
    shown = trader.get("order", uuid=row["uuid"])[1]
    assert (shown["state"], shown["executed_volume"]) == ("cancel", "0.0025")


def test_reports_late_twice_and_never(venues: Venues, trader: UpbitTrader) -> None:
    socket = trader.stream({"type": "myOrder"})
    fault(venues, "order_report_delay", amount="3s")
    place(trader)
    assert socket.wait(2) == []
    venues.faults.clear()
    place(trader)
    assert socket.take() == []  # never before an earlier one
    assert [one["state"] for one in socket.wait(2)] == ["wait", "wait"]
    fault(venues, "duplicate_event")
    place(trader)
    first, second = socket.take()
    assert first == second
    venues.faults.clear()
    fault(venues, "user_mute", lasts="1s")
    place(trader)
    assert socket.take() == []
    venues.step(venues.world.now + 2 * SECOND)
    place(trader)
    assert len(socket.take()) == 1


def test_an_offline_market_takes_no_orders_and_stands_still(
    venues: Venues, trader: UpbitTrader, market: Market
) -> None:
    _, row = place(trader)
    fault(venues, "market_offline", symbol="KRW-BTC", lasts="5s")
    venues.step(venues.world.now + SECOND)
    assert name(place(trader)) == (403, "market_offline")
    assert name(trader.delete("order", uuid=row["uuid"])) == (403, "market_offline")
    assert trader.get("orders/chance", market=BTC)[1]["market"]["state"] == "offline"
    touch, other = market.book.touch, venues.world.markets["usdm"]["BTCUSDT"].book.update_id
    venues.step(venues.world.now + 3 * SECOND)
    assert market.book.touch == touch
    assert venues.world.markets["usdm"]["BTCUSDT"].book.update_id > other
    assert trader.get("order", uuid=row["uuid"])[1]["state"] == "wait"
    venues.step(venues.world.now + 2 * SECOND)
    assert trader.delete("order", uuid=row["uuid"])[0] == 200


def test_a_post_only_order_is_cancelled_and_not_refused(venues: Venues, trader: UpbitTrader) -> None:
    fault(venues, "post_only_cancelled", times=1)
    status, row = place(trader, time_in_force="post_only")
    assert (status, row["state"]) == (201, "wait")
    assert trader.get("order", uuid=row["uuid"])[1]["state"] == "cancel"
    assert place(trader)[1]["state"] == "wait"


def test_an_address_that_is_not_on_the_list(venues: Venues, trader: UpbitTrader) -> None:
    fault(venues, "ip_refused", lasts="1s")
    assert name(trader.get("accounts")) == (401, "no_authorization_ip")
    with pytest.raises(Refused):
        trader.stream()
    assert ask(venues, "v1/market/all")[0] == 200


@pytest.mark.parametrize(("behind", "second"), [(False, "07"), (True, "57")])
def test_a_clock_that_is_wrong(venues: Venues, trader: UpbitTrader, behind: bool, second: str) -> None:
    answer: Answer = trader.send("GET", "accounts", {})
    assert "Date" not in answer.headers
    fault(venues, "clock_skew", amount="7s" if not behind else "3s", behind=behind)
    told = trader.send("GET", "accounts", {}).headers["Date"]
    assert told == f"Fri, 20 Nov 2026 03:0{3 if behind else 4}:{second} GMT"


def test_shared_faults_of_replies_name_errors_as_text(venues: Venues, trader: UpbitTrader) -> None:
    fault(venues, "http_5xx", lasts="1s")
    assert name(trader.get("accounts")) == (503, "internal_server_error")
    venues.faults.clear()
    fault(venues, "http_429", lasts="1s")
    assert name(trader.get("accounts")) == (429, "too_many_requests")


def test_shares_and_times_are_counted(venues: Venues) -> None:
    plan = venues.faults
    plan.add(Fault(kind="reject_order", venue="upbit", times=2, every=10 * SECOND, lasts=5 * SECOND))
    hits = [plan.strikes("reject_order", "upbit", BTC, "place") is not None for _ in range(4)]
    assert hits == [True, True, False, False]
    assert plan.strikes("reject_order", "usdm", BTC, "place") is None
    venues.step(venues.world.now + 11 * SECOND)
    assert plan.strikes("reject_order", "upbit", BTC, "place") is not None
    plan.clear()
    plan.add(Fault(kind="reject_order", share=0.3))
    drawn = sum(plan.strikes("reject_order", "spot", "X", "place") is not None for _ in range(500))
    assert 100 < drawn < 200
    plan.add(Fault(kind="adl", venue="usdm"))
    assert plan.events("adl", "upbit") == []
    assert len(plan.events("adl", "usdm")) == 1
    assert plan.events("adl", "usdm") == []
