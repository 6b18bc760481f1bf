"""Upbit's private REST in memory: its arithmetic, its refusals, and what becomes of orders."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.memory import UpbitTrader, make_venues
from arbcore_exchange_simulator.settings import SECOND
from arbcore_exchange_simulator.upbit.ids import make_uuid, number_of
from arbcore_exchange_simulator.venues import Venues

ATOMS = 10**8
BTC = "KRW-BTC"


@pytest.fixture
def venues() -> Venues:
    """Venues with an account of round amounts."""
    account = {
        "name": "mine",
        "venue": "upbit",
        "keys": [{"key": "sim-upbit-key", "secret": "sim-upbit-secret-0123456789abcdef0123"}],
        "balances": {"KRW": "3000000000", "BTC": "10", "XRP": "100000"},
    }
    return make_venues(symbols=("BTC", "XRP"), accounts=[account])


@pytest.fixture
def trader(venues: Venues) -> UpbitTrader:
    return UpbitTrader(venues)


@pytest.fixture
def market(venues: Venues) -> Market:
    return venues.world.markets["upbit"][BTC]


def won(price: int) -> str:
    return str(price // ATOMS)


def cash(trader: UpbitTrader, currency: str) -> tuple[str, str]:
    (row,) = [one for one in trader.get("accounts")[1] if one["currency"] == currency]
    return row["balance"], row["locked"]


def limit(trader: UpbitTrader, side: str, price: int, volume: str, **more: Any) -> tuple[int, Any]:
    return trader.post("orders", market=BTC, side=side, ord_type="limit", price=won(price), volume=volume, **more)


def bid_at(market: Market) -> int:
    return market.book.touch[0][0]


def ask_at(market: Market) -> int:
    return market.book.touch[1][0]


def test_a_limit_bid_locks_money_and_fee(trader: UpbitTrader, market: Market) -> None:
    """The fact sheet's sample: 0.0001 at 155,772,000 locks 15,584.9886."""
    market.book.show({155_771_000 * ATOMS: ATOMS}, {155_900_000 * ATOMS: ATOMS})
    status, row = limit(trader, "bid", 155_772_000 * ATOMS, "0.0001")
    assert status == 201
    assert row.pop("uuid")
    assert row.pop("created_at") == "2026-11-20T12:04:00+09:00"
    assert row == {
        "market": BTC,
        "side": "bid",
        "ord_type": "limit",
        "price": "155772000",
        "state": "wait",
        "volume": "0.0001",
        "remaining_volume": "0.0001",
        "executed_volume": "0",
        "reserved_fee": "7.7886",
        "remaining_fee": "7.7886",
        "paid_fee": "0",
        "locked": "15584.9886",
        "prevented_volume": "0",
        "prevented_locked": "0",
        "trades_count": 0,
        "smp_type": "cancel_maker",
    }
    assert cash(trader, "KRW") == ("2999984415.0114", "15584.9886")


def test_a_market_bid_ends_cancelled_with_its_remainder_shown(trader: UpbitTrader, market: Market) -> None:
    """The fact sheet's sample: 6000 won at 160,594,000 buy 0.00003736."""
    market.book.show({160_593_000 * ATOMS: ATOMS}, {160_594_000 * ATOMS: ATOMS})
    status, row = trader.post("orders", market=BTC, side="bid", ord_type="price", price="6000")
    assert (status, row["state"], row["executed_volume"], row["locked"]) == (201, "wait", "0", "6003")
    assert "volume" not in row
    assert "remaining_volume" not in row
    _, row = trader.get("order", uuid=row["uuid"])
    told = {name: row[name] for name in ("state", "executed_volume", "reserved_fee", "paid_fee", "remaining_fee")}
    assert told == {
        "state": "cancel",
        "executed_volume": "0.00003736",
        "reserved_fee": "3",
        "paid_fee": "2.99989592",
        "remaining_fee": "0.00010408",
    }
    assert row["locked"] == "0.20826408"
    (trade,) = row["trades"]
    assert (trade["funds"], trade["volume"], trade["side"]) == ("5999.79184", "0.00003736", "bid")
    assert cash(trader, "KRW") == ("2999993997.20826408", "0")


def test_an_ask_pays_its_fee_from_the_proceeds(trader: UpbitTrader, market: Market) -> None:
    """The fact sheet's sample: funds of 7394.19175 pay 3.697095875."""
    market.book.show({147_883_835 * ATOMS: ATOMS}, {160_594_000 * ATOMS: ATOMS})
    status, row = trader.post("orders", market=BTC, side="ask", ord_type="market", volume="0.00005")
    assert (status, row["locked"], row["reserved_fee"]) == (201, "0.00005", "0")
    assert "price" not in row
    _, row = trader.get("order", uuid=row["uuid"])
    assert (row["state"], row["paid_fee"]) == ("done", "3.697095875")
    assert cash(trader, "KRW") == ("3000007390.494654125", "0")
    assert cash(trader, "BTC") == ("9.99995", "0")


def test_partial_fills_move_the_numbers_and_not_the_state(trader: UpbitTrader, venues: Venues, market: Market) -> None:
    """The fact sheet's sample of ``myOrder``: 0.004 of 0.01 at 148,960,000."""
    market.book.show({148_950_000 * ATOMS: ATOMS}, {148_970_000 * ATOMS: ATOMS})
    _, row = limit(trader, "bid", 148_960_000 * ATOMS, "0.01", identifier="arb-1")
    (order,) = venues.upbit.matching.resting(BTC)
    stream = trader.stream({"type": "myOrder"}, {"type": "myAsset"})
    venues.upbit.matching.fill(order, 400_000)
    event, money = stream.take()
    assert event | {"uuid": 0, "trade_uuid": 0} == {
        "type": "myOrder",
        "code": BTC,
        "uuid": 0,
        "ask_bid": "BID",
        "order_type": "limit",
        "state": "trade",
        "trade_uuid": 0,
        "price": 148960000,
        "avg_price": 148960000,
        "volume": 0.004,
        "remaining_volume": 0.006,
        "executed_volume": 0.004,
        "trades_count": 1,
        "reserved_fee": 744.8,
        "remaining_fee": 446.88,
        "paid_fee": 297.92,
        "locked": 894206.88,
        "executed_funds": 595840,
        "time_in_force": None,
        "trade_fee": 297.92,
        "is_maker": True,
        "identifier": "arb-1",
        "smp_type": "cancel_maker",
        "prevented_volume": 0,
        "prevented_locked": 0,
        "trade_timestamp": 1795143840000,
        "order_timestamp": 1795143840000,
        "timestamp": 1795143840000,
        "stream_type": "REALTIME",
    }
    assert money["assets"] == [
        {"currency": "KRW", "balance": 2998509655.2, "locked": 894206.88},
        {"currency": "BTC", "balance": 10.004, "locked": 0},
    ]
    _, row = trader.get("order", identifier="arb-1")
    assert (row["state"], row["remaining_volume"], row["trades_count"]) == ("wait", "0.006", 1)
    assert row["trades"][0]["uuid"] == event["trade_uuid"]
    venues.upbit.matching.fill(order, 600_000)
    assert [one.get("state") for one in stream.take()] == ["trade", "done", None]
    assert trader.get("orders/open") == (200, [])
    assert trader.get("orders/closed")[1][0]["state"] == "done"


@pytest.mark.parametrize(
    ("told", "status", "name"),
    [
        ({"market": "KRW-NONE"}, 400, "notfoundmarket"),
        ({"market": None}, 400, "validation_error"),
        ({"side": "buy"}, 400, "validation_error"),
        ({"ord_type": "stop"}, 400, "validation_error"),
        ({"price": None}, 400, "create_bid_error"),
        ({"side": "ask", "volume": None}, 400, "create_ask_error"),
        ({"price": "100000001"}, 400, "invalid_price_bid"),
        ({"price": "x"}, 400, "invalid_price_bid"),
        ({"volume": "0.000000001"}, 400, "invalid_volume_bid"),
        ({"side": "ask", "volume": "-1"}, 400, "invalid_volume_ask"),
        ({"volume": "0.00004999"}, 400, "under_min_total_bid"),
        ({"side": "ask", "volume": "0.00004999"}, 400, "under_min_total_ask"),
        ({"volume": "10.00000001"}, 400, "over_krw_funds_bid"),
        ({"side": "ask", "price": "150000000", "volume": "100"}, 400, "over_krw_funds_ask"),
        ({"side": "ask", "price": "99000000", "volume": "10.1"}, 400, "insufficient_funds_ask"),
        ({"time_in_force": "gtc"}, 400, "invalid_time_in_force"),
        ({"time_in_force": "post_only", "smp_type": "reduce"}, 400, "invalid_post_only"),
        ({"smp_type": "cancel_both"}, 400, "validation_error"),
        ({"identifier": "x" * 65}, 400, "validation_error"),
        ({"ord_type": "price", "volume": None, "price": "4999"}, 400, "under_min_total_bid"),
        ({"ord_type": "price", "volume": None, "price": "6000", "side": "ask"}, 400, "create_ask_error"),
        ({"ord_type": "price", "volume": None, "time_in_force": "ioc"}, 400, "invalid_time_in_force"),
        ({"ord_type": "market", "price": None}, 400, "create_bid_error"),
        ({"ord_type": "best", "volume": None}, 400, "invalid_time_in_force"),
        ({"ord_type": "best", "time_in_force": "ioc"}, 400, "create_bid_error"),
    ],
)
def test_wrong_orders_are_refused_by_name(trader: UpbitTrader, told: dict[str, Any], status: int, name: str) -> None:
    right = {"market": BTC, "side": "bid", "ord_type": "limit", "price": "100000000", "volume": "0.01"}
    before = trader.get("accounts")
    for path in ("orders", "orders/test"):
        code, body = trader.post(path, **{**right, **told})
        assert (code, body["error"]["name"]) == (status, name)
    assert trader.get("accounts") == before
    assert trader.get("orders/open") == (200, [])


def test_a_market_order_larger_than_the_visible_book_is_refused(trader: UpbitTrader, market: Market) -> None:
    bid = bid_at(market)
    market.book.show({bid: 1000}, {})
    code, body = trader.post("orders", market=BTC, side="ask", ord_type="market", volume="1")
    assert (code, body["error"]["name"]) == (400, "create_ask_error")


def test_a_bid_without_money_is_refused(venues: Venues, trader: UpbitTrader, market: Market) -> None:
    venues.accounts.set("mine", {"KRW": Decimal(100_000)})
    code, body = limit(trader, "bid", bid_at(market), "0.01")
    assert (code, body["error"]["name"]) == (400, "insufficient_funds_bid")


def test_identifiers_are_used_up_for_ever(trader: UpbitTrader, venues: Venues, market: Market) -> None:
    assert limit(trader, "bid", bid_at(market) + ATOMS, "0.01", identifier="a")[0] == 400
    code, body = limit(trader, "bid", bid_at(market), "0.01", identifier="a")
    assert (code, body["error"]["name"]) == (400, "duplicated_identifier")
    assert limit(trader, "bid", bid_at(market), "0.01", identifier="b")[0] == 201
    assert trader.delete("order", identifier="b")[0] == 200
    venues.step(venues.world.now + SECOND)
    assert limit(trader, "bid", bid_at(market), "0.01", identifier="b")[1]["error"]["name"] == "duplicated_identifier"
    trader.post("orders/test", market=BTC, side="bid", ord_type="price", price="6000", identifier="c")
    assert trader.post("orders", market=BTC, side="bid", ord_type="price", price="6000", identifier="c")[0] == 201


def test_a_test_order_makes_nothing(trader: UpbitTrader) -> None:
    before = trader.get("accounts")
    status, row = trader.post("orders/test", market=BTC, side="bid", ord_type="price", price="6000")
    assert (status, row["state"]) == (201, "wait")
    assert trader.get("order", uuid=row["uuid"])[1]["error"]["name"] == "order_not_found"
    assert trader.get("accounts") == before


def test_a_cancel_is_a_request(trader: UpbitTrader, venues: Venues, market: Market) -> None:
    venues.step(venues.world.now + SECOND // 100)
    _, row = limit(trader, "bid", bid_at(market) - 10**13, "0.01")
    status, told = trader.delete("order", uuid=row["uuid"])
    assert (status, told["state"]) == (200, "wait")
    assert trader.get("order", uuid=row["uuid"])[1]["state"] == "wait"
    venues.step(venues.world.now + SECOND // 50)
    assert trader.get("order", uuid=row["uuid"])[1]["state"] == "cancel"
    assert cash(trader, "KRW") == ("3000000000", "0")
    status, told = trader.delete("order", uuid=row["uuid"])
    assert (status, told["error"]["name"]) == (404, "order_not_found")


def test_lives(trader: UpbitTrader, market: Market, venues: Venues) -> None:
    bid, ask = bid_at(market), ask_at(market)
    here = market.book.asks[ask]
    too_much = f"{(here + 100) / ATOMS:.8f}"

    def end(**told: Any) -> tuple[str, str]:
        status, row = trader.post("orders", market=BTC, side="bid", **told)
        assert (status, row["state"], row["executed_volume"]) == (201, "wait", "0")
        row = trader.get("order", uuid=row["uuid"])[1]
        return row["state"], row["executed_volume"]

    fok = {"ord_type": "limit", "price": won(ask), "volume": too_much, "time_in_force": "fok"}
    assert end(**fok) == ("cancel", "0")
    post = {"ord_type": "limit", "price": won(ask), "volume": "0.01", "time_in_force": "post_only"}
    assert end(**post) == ("cancel", "0")
    state, done = end(ord_type="limit", price=won(bid), volume="0.01", time_in_force="post_only")
    assert (state, done) == ("wait", "0")
    state, done = end(**{**fok, "time_in_force": "ioc"})
    assert (state, round(float(done) * ATOMS)) == ("cancel", here)
    ask = ask_at(market)
    state, done = end(ord_type="best", price="1000000", time_in_force="fok")
    assert (state, round(float(done) * ATOMS)) == ("cancel", 10**6 * ATOMS * ATOMS // ask)
    smp = [one["smp_type"] for one in trader.get("orders/closed")[1] if one.get("time_in_force") == "post_only"]
    assert smp == ["none"]


def test_self_matches_are_prevented(trader: UpbitTrader, market: Market) -> None:
    bid = bid_at(market)
    price = bid + market.listing.grid.tick(bid)
    _, first = limit(trader, "bid", price, "0.01")
    stream = trader.stream({"type": "myOrder"})
    _, second = limit(trader, "ask", price, "0.004", smp_type="reduce")
    assert [(one["state"], one["ask_bid"]) for one in stream.take()] == [
        ("wait", "ASK"),
        ("prevented", "BID"),
        ("prevented", "ASK"),
        ("cancel", "ASK"),
    ]
    row = trader.get("order", uuid=first["uuid"])[1]
    assert (row["state"], row["remaining_volume"], row["prevented_volume"]) == ("wait", "0.006", "0.004")
    assert float(row["prevented_locked"]) == pytest.approx(price / ATOMS * 0.004 * 1.0005)
    assert trader.get("order", uuid=second["uuid"])[1]["prevented_locked"] == "0.004"
    limit(trader, "ask", price, "0.01")
    assert trader.get("order", uuid=first["uuid"])[1]["state"] == "cancel"


def test_cancel_and_new(trader: UpbitTrader, venues: Venues, market: Market) -> None:
    low = bid_at(market) - 10**13
    _, old = limit(trader, "bid", low, "0.01", identifier="old")
    told = {"new_ord_type": "limit", "new_price": won(low - 10**12), "new_volume": "remain_only"}
    status, row = trader.post("orders/cancel_and_new", prev_order_uuid=old["uuid"], new_identifier="new", **told)
    assert (status, row["uuid"], row["state"], row["new_order_identifier"]) == (200, old["uuid"], "wait", "new")
    assert trader.get("order", identifier="new")[1]["error"]["name"] == "order_not_found"
    (order,) = venues.upbit.matching.resting(BTC)
    venues.upbit.matching.fill(order, 300_000)
    venues.step(venues.world.now + SECOND)
    fresh = trader.get("order", uuid=row["new_order_uuid"])[1]
    assert (fresh["identifier"], fresh["volume"], fresh["state"]) == ("new", "0.007", "wait")
    assert trader.get("order", identifier="old")[1]["state"] == "cancel"
    again = {"prev_order_identifier": "new", "new_identifier": "old"}
    assert trader.post("orders/cancel_and_new", **again, **told)[1]["error"]["name"] == "duplicated_identifier"
    status, row = trader.post("orders/cancel_and_new", prev_order_identifier="new", new_identifier="third", **told)
    (order,) = venues.upbit.matching.resting(BTC)
    venues.upbit.matching.fill(order, 700_000)
    venues.step(venues.world.now + SECOND)
    assert trader.get("order", uuid=row["new_order_uuid"])[1]["error"]["name"] == "order_not_found"


def test_lists(trader: UpbitTrader, venues: Venues, market: Market) -> None:
    low = bid_at(market) - 10**15
    rows = [limit(trader, "bid", low - number * 10**12, "0.01", identifier=f"n{number}")[1] for number in range(3)]
    high = ask_at(market) + 10**15
    rows.append(limit(trader, "ask", high, "0.01")[1])
    assert [one["uuid"] for one in trader.get("orders/open", market=BTC)[1]] == [one["uuid"] for one in rows[::-1]]
    found = trader.get("orders/open", states=["wait", "watch"], limit=2, page=2, order_by="asc")[1]
    assert [one["uuid"] for one in found] == [one["uuid"] for one in rows[2:]]
    assert trader.get("orders/open", states=["done"])[1]["error"]["name"] == "validation_error"
    found = trader.get("orders/uuids", uuids=[rows[0]["uuid"], rows[3]["uuid"], make_uuid("order", 999)])[1]
    assert {one["uuid"] for one in found} == {rows[0]["uuid"], rows[3]["uuid"]}
    assert "trades" not in found[0]
    assert [one["identifier"] for one in trader.get("orders/uuids", identifiers=["n1"])[1]] == ["n1"]
    status, told = trader.delete("orders/uuids", identifiers=["n0", "none"])
    assert status == 200
    assert told["success"] == {"count": 1, "orders": [{"uuid": rows[0]["uuid"], "market": BTC, "identifier": "n0"}]}
    assert told["failed"] == {"count": 1, "orders": [{"identifier": "none"}]}
    assert trader.delete("orders/open", pairs=BTC, cancel_side="bid", count=1)[1]["success"]["count"] == 1
    venues.step(venues.world.now + 3 * SECOND)
    assert trader.delete("orders/open", pairs=BTC, quote_currencies="KRW")[0] == 400
    venues.step(venues.world.now + 3 * SECOND)
    assert trader.delete("orders/open", excluded_pairs=BTC)[1]["success"]["count"] == 0
    closed = trader.get("orders/closed", market=BTC, state="cancel")[1]
    assert {one.get("identifier") for one in closed} == {"n0", "n2"}
    now = venues.world.time_ms
    assert trader.get("orders/closed", start_time=str(now), end_time=str(now + 1000))[1] == []
    assert len(trader.get("orders/closed", start_time="2026-11-20T12:04:00+09:00")[1]) == 2
    week = str(now - 8 * 86_400_000)
    assert trader.get("orders/closed", start_time=week, end_time=str(now))[1]["error"]["name"] == "invalid_parameter"


def test_money_and_wallets(trader: UpbitTrader, venues: Venues, market: Market) -> None:
    chance = trader.get("orders/chance", market=BTC)[1]
    assert (chance["bid_fee"], chance["market"]["bid"]["min_total"], chance["market"]["max_total"]) == (
        "0.0005",
        "5000",
        "1000000000",
    )
    assert chance["ask_account"]["balance"] == "10"
    venues.wallets["XRP"] = "paused"
    states = {one["currency"]: one["wallet_state"] for one in trader.get("status/wallet")[1]}
    assert states == {"BTC": "working", "XRP": "paused", "USDT": "working"}
    (key,) = trader.get("api_keys")[1]
    assert key == {"access_key": "sim-upbit-key", "expire_at": "2027-11-20T12:04:00+09:00"}
    market.delisting = 1
    assert trader.get("orders/chance", market=BTC)[1]["error"]["name"] == "notfoundmarket"
    assert limit(trader, "bid", bid_at(market), "0.01")[1]["error"]["name"] == "notfoundmarket"


def test_uuids_are_random_to_look_at_and_can_be_read_back() -> None:
    made = [make_uuid("order", number) for number in range(1000)]
    assert len(set(made)) == 1000
    assert [number_of("order", one) for one in made] == list(range(1000))
    assert number_of("order", make_uuid("trade", 5)) == -1
    assert number_of("order", "nonsense") == -1


def test_a_delisting_cancels_what_rests(trader: UpbitTrader, venues: Venues, market: Market) -> None:
    limit(trader, "bid", bid_at(market) - 10**13, "0.01")
    market.delisting = venues.world.now + SECOND
    venues.step(venues.world.now + 2 * SECOND)
    assert trader.get("orders/closed")[1][0]["state"] == "cancel"
    assert cash(trader, "KRW") == ("3000000000", "0")


def test_the_reply_is_json_with_numbers_as_text(trader: UpbitTrader, market: Market) -> None:
    answer = trader.send("POST", "orders", {"market": BTC, "side": "bid", "ord_type": "price", "price": "6000.5"})
    row = msgspec.json.decode(answer.body)
    assert row["price"] == "6000.5"
    assert row["locked"] == "6003.50025"
    assert answer.headers["Remaining-Req"].startswith("group=order; ")
