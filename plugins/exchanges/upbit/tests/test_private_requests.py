"""Requests of the exchange interface: what each draws on, and what may happen to it on its way."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore.errors import ExchangeRefused
from arbcore.model.order import Amendment, OrderRequest, OrderType, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.net.limits import RateLimits
from arbcore.net.request import Request
from arbcore_exchange_upbit.protocol.limits import private_counters
from arbcore_exchange_upbit.protocol.private import account_requests, order_requests
from arbcore_exchange_upbit.protocol.private.placing import PlacingRules, amendment_fields, order_fields

S = 10**9
QUESTIONS = {
    "chance": (order_requests.chance("KRW-BTC"), "/orders/chance", "market=KRW-BTC"),
    "order": (order_requests.order("identifier", "ae-1"), "/order", "identifier=ae-1"),
    "by ids": (order_requests.orders_by_id("uuid", ["a", "b"]), "/orders/uuids", "uuids[]=a&uuids[]=b"),
    "by names": (order_requests.orders_by_id("identifier", ["a"]), "/orders/uuids", "identifiers[]=a"),
    "open": (
        order_requests.open_orders(2),
        "/orders/open",
        "states[]=wait&states[]=watch&page=2&limit=100&order_by=asc",
    ),
    "closed": (
        order_requests.closed_orders(5, 9, "KRW-BTC"),
        "/orders/closed",
        "market=KRW-BTC&states[]=done&states[]=cancel&start_time=5&end_time=9&limit=1000&order_by=asc",
    ),
    "accounts": (account_requests.accounts(), "/accounts", ""),
    "keys": (account_requests.api_keys(), "/api_keys", ""),
    "pockets": (account_requests.pockets(), "/pockets", ""),
    "wallets": (account_requests.wallets(), "/status/wallet", ""),
    "chance of a withdrawal": (
        account_requests.withdrawal_chance("XRP", "XRP"),
        "/withdraws/chance",
        "currency=XRP&net_type=XRP",
    ),
    "deposits": (account_requests.movements("deposits", 1), "/deposits", "limit=100&page=1&order_by=desc"),
    "withdrawals": (account_requests.movements("withdraws", 3), "/withdraws", "limit=100&page=3&order_by=desc"),
    "transfers": (account_requests.transfers("/pockets/transfers"), "/pockets/transfers", ""),
}
CHANGES = {
    "place": (order_requests.place({"a": "b"}, 7), "POST", "/orders", "order", False),
    "replace": (order_requests.replace({"a": "b"}), "POST", "/orders/cancel_and_new", "order", False),
    "cancel": (order_requests.cancel("uuid", "u"), "DELETE", "/order", "default", True),
    "cancel open": (order_requests.cancel_open(["KRW-BTC"]), "DELETE", "/orders/open", "order-cancel-all", True),
    "withdraw": (account_requests.withdraw({"a": "b"}), "POST", "/withdraws/coin", "default", False),
    "transfer": (account_requests.transfer("/pockets/transfers", {}), "POST", "/pockets/transfers", "default", False),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_may_be_repeated_and_draw_on_the_default_group(name: str) -> None:
    request, path, query = QUESTIONS[name]
    assert (request.method, request.path, request.query, request.counter) == ("GET", path, query, "default")
    assert (request.repeatable, request.signed, request.shielded, request.body) == (True, True, False, b"")


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_shielded_and_never_repeated(name: str) -> None:
    request, method, path, counter, urgent = CHANGES[name]
    assert (request.method, request.path, request.counter, request.urgent) == (method, path, counter, urgent)
    assert (request.repeatable, request.signed, request.shielded) == (False, True, True)
    assert (request.body == b"") is (method == "DELETE")  # the venue takes no body with it
    assert bool(request.query) is (method == "DELETE")


def test_a_test_order_draws_on_its_own_group_and_an_order_expires() -> None:
    tested = order_requests.place({"a": "b"}, 7, test=True)
    assert (tested.path, tested.counter, tested.shielded, tested.expires_at) == ("/orders/test", "order-test", False, 7)
    assert order_requests.place({"a": "b"}, 7).expires_at == 7


def test_a_batch_cancel_names_its_market_and_the_largest_count() -> None:
    assert order_requests.cancel_open(["KRW-BTC", "KRW-ETH"]).query == (
        "cancel_side=all&pairs=KRW-BTC,KRW-ETH&count=300"
    )


def test_limits_per_key() -> None:
    limits = RateLimits(private_counters(12))

    def passing(request: Request) -> int:
        passed = 0
        while not limits.wait(request.counter, request.weight, 0, urgent=request.urgent):
            limits.spend(request.counter, request.weight, 0)
            passed += 1
        return passed

    assert passing(CHANGES["cancel open"][0]) == 1
    assert limits.wait("order-cancel-all", 1, 2 * S) == 0
    assert limits.wait("order-cancel-all", 1, S) > 0
    # What closes risk has a share of its own.
    assert passing(QUESTIONS["accounts"][0]) == 27
    assert passing(CHANGES["cancel"][0]) == 3
    assert passing(CHANGES["place"][0]) == 11


# --- orders as the venue takes them ------------------------------------------------------------------------------


def order(**changes: Any) -> OrderRequest:
    given: dict[str, Any] = {
        "client_order_id": "ae-1",
        "instrument": "upbit:KRW-BTC",
        "side": Side.BUY,
        "quantity": Decimal("0.5"),
        "price": Decimal(100),
        "time_in_force": TimeInForce.GTC,
    }
    return OrderRequest(**{**given, **changes})


MARKET: dict[str, Any] = {"type": OrderType.MARKET, "price": None, "time_in_force": TimeInForce.IOC}
BEST: dict[str, Any] = {**MARKET, "type": OrderType.BEST}
BY_COST: dict[str, Any] = {"quantity": Decimal(0), "cost": Decimal("6000.50")}
SELL: dict[str, Any] = {"side": Side.SELL}
SMP = {"smp_type": "cancel_maker"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, {"side": "bid", "ord_type": "limit", "price": "100", "volume": "0.5", **SMP}),
        (
            {**SELL, "time_in_force": TimeInForce.IOC},
            {"side": "ask", "ord_type": "limit", "price": "100", "volume": "0.5", "time_in_force": "ioc", **SMP},
        ),
        (
            {"time_in_force": TimeInForce.FOK},
            {"side": "bid", "ord_type": "limit", "price": "100", "volume": "0.5", "time_in_force": "fok", **SMP},
        ),
        (
            {"time_in_force": TimeInForce.POST_ONLY},
            {"side": "bid", "ord_type": "limit", "price": "100", "volume": "0.5", "time_in_force": "post_only"},
        ),
        ({**MARKET, **BY_COST}, {"side": "bid", "ord_type": "price", "price": "6000.5", **SMP}),
        ({**MARKET, **SELL}, {"side": "ask", "ord_type": "market", "volume": "0.5", **SMP}),
        (
            {**BEST, **BY_COST, "time_in_force": TimeInForce.FOK},
            {"side": "bid", "ord_type": "best", "price": "6000.5", "time_in_force": "fok", **SMP},
        ),
        ({**BEST, **SELL}, {"side": "ask", "ord_type": "best", "volume": "0.5", "time_in_force": "ioc", **SMP}),
    ],
)
def test_orders_as_they_are_sent(changes: dict[str, Any], fields: dict[str, str]) -> None:
    assert order_fields(order(**changes), "KRW-BTC", PlacingRules()) == {
        "market": "KRW-BTC",
        **fields,
        "identifier": "ae-1",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"price": None},
        {"price": Decimal(0)},
        {"quantity": Decimal(0)},
        {"cost": Decimal(5)},
        {"reduce_only": True},
        {"trigger_price": Decimal(90)},
        {"type": OrderType.STOP_MARKET, "price": None, "trigger_price": Decimal(90)},
        {"client_order_id": ""},
        {"client_order_id": "a" * 65},
        {**MARKET},
        {**MARKET, **BY_COST, "quantity": Decimal(1)},
        {**MARKET, **BY_COST, "price": Decimal(100)},
        {**MARKET, **BY_COST, "time_in_force": TimeInForce.FOK},
        {**MARKET, **BY_COST, "time_in_force": TimeInForce.GTC},
        {**MARKET, **SELL, "cost": Decimal(5)},
        {**MARKET, **SELL, "quantity": Decimal(0)},
        {**BEST},
        {**BEST, **BY_COST, "time_in_force": TimeInForce.GTC},
        {**BEST, **SELL, "time_in_force": TimeInForce.POST_ONLY},
    ],
)
def test_what_the_venue_can_not_do_is_refused_before_it_is_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(ExchangeRefused) as caught:
        order_fields(order(**changes), "KRW-BTC", PlacingRules())
    assert caught.value.reason == Reason.ORDER_UNSUPPORTED


def test_self_matches_are_always_spoken_of_but_for_post_only_orders() -> None:
    rules = PlacingRules("reduce", "none")
    assert order_fields(order(), "KRW-BTC", rules)["smp_type"] == "reduce"
    post_only = order(time_in_force=TimeInForce.POST_ONLY)
    assert order_fields(post_only, "KRW-BTC", rules)["smp_type"] == "none"
    assert "smp_type" not in order_fields(post_only, "KRW-BTC", PlacingRules("reduce", "absent"))


def change(**changes: Any) -> Amendment:
    given: dict[str, Any] = {
        "side": Side.BUY,
        "quantity": Decimal(2),
        "price": Decimal(99),
        "new_client_order_id": "ae-2",
    }
    return Amendment(**{**given, **changes})


def test_an_amendment_cancels_and_places_anew() -> None:
    rules = PlacingRules()
    assert amendment_fields("u-1", "ae-1", change(), "", None, rules) == {
        "prev_order_uuid": "u-1",
        "new_ord_type": "limit",
        "new_price": "99",
        "new_volume": "remain_only",
        "new_smp_type": "cancel_maker",
        "new_identifier": "ae-2",
    }
    other = amendment_fields("", "ae-1", change(), "post_only", Decimal("1.50"), rules)
    assert other["prev_order_identifier"] == "ae-1"
    assert (other["new_volume"], other["new_time_in_force"]) == ("1.5", "post_only")
    assert "new_smp_type" not in other


@pytest.mark.parametrize(
    ("changes", "volume"),
    [({"new_client_order_id": ""}, None), ({"price": Decimal(0)}, None), ({}, Decimal(0)), ({}, Decimal(-1))],
)
def test_an_amendment_that_makes_no_order_is_refused(changes: dict[str, Any], volume: Decimal | None) -> None:
    with pytest.raises(ExchangeRefused) as caught:
        amendment_fields("u-1", "", change(**changes), "", volume, PlacingRules())
    assert caught.value.reason == Reason.ORDER_UNSUPPORTED
