"""The futures' user data stream: keys, events, their order and their absence."""

from typing import Any

import pytest
from pydantic import SecretStr

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.binance.trader import BinanceTrader
from arbcore_exchange_simulator.memory import MemoryClient
from arbcore_exchange_simulator.trading.given import AccountSettings, KeySettings

LISTEN = "fapi/v1/listenKey"


def _kinds(frames: list[Any]) -> list[str]:
    return [frame["e"] for frame in frames]


def _order(frame: Any) -> tuple[str, str, str]:
    return frame["o"]["x"], frame["o"]["X"], frame["o"]["z"]


def test_a_fill_is_told_lightly_first_and_then_in_full(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    reply = usdm.order("BUY", "0.01", newClientOrderId="arb-1")
    new, lite, account, full = client.take()
    assert _kinds([new, lite, account, full]) == [
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
    ]
    assert _order(new) == ("NEW", "NEW", "0.000")
    assert _order(full) == ("TRADE", "FILLED", "0.010")
    (trade,) = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")
    assert full["o"]["t"] == lite["t"] == trade["id"]
    assert full["o"]["n"] == f"{float(trade['commission']):.8f}"
    assert (full["o"]["c"], full["o"]["i"], lite["i"]) == ("arb-1", reply["orderId"], reply["orderId"])
    assert not {"n", "X"} & set(lite)
    assert account["a"]["m"] == "ORDER"
    assert account["a"]["B"][0]["wb"] == usdm.done("GET", "fapi/v3/balance")[0]["balance"]
    assert [(one["s"], one["pa"]) for one in account["a"]["P"]] == [("BTCUSDT", "0.01")]


def test_rest_change_and_cancel_are_told(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    number = usdm.order("SELL", "0.01", "101000")["orderId"]
    usdm.done("PUT", "fapi/v1/order", symbol="BTCUSDT", side="SELL", orderId=number, quantity="0.02", price="101500",
              modifyId=7)  # fmt: skip
    usdm.done("DELETE", "fapi/v1/order", symbol="BTCUSDT", orderId=number)
    new, changed, gone = client.take()
    assert [_order(one)[:2] for one in (new, changed, gone)] == [
        ("NEW", "NEW"),
        ("AMENDMENT", "NEW"),
        ("CANCELED", "CANCELED"),
    ]
    assert (changed["o"]["M"], changed["o"]["p"], changed["o"]["q"]) == (7, "101500.00", "0.020")


def test_why_an_order_expired(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    ask, there = usdm.venues.world.markets["usdm"]["BTCUSDT"].book.touch[1]
    usdm.order("BUY", f"{there / 1e8 + 1:.3f}", f"{ask / 1e8:.1f}", timeInForce="IOC")
    last = client.take()[-1]
    assert _order(last)[:2] == ("EXPIRED", "EXPIRED")
    assert last["o"]["er"] == "2"
    bid = usdm.venues.world.markets["usdm"]["BTCUSDT"].book.touch[0][0]
    ask = usdm.venues.world.markets["usdm"]["BTCUSDT"].book.touch[1][0]
    inside = f"{(bid + ask) // 2 // 10_000_000 / 10:.1f}"
    usdm.order("SELL", "0.01", inside)
    usdm.order("BUY", "0.01", inside)
    ended = [
        frame["o"] for frame in client.take() if frame["e"] == "ORDER_TRADE_UPDATE" and frame["o"]["x"] == "EXPIRED"
    ]
    assert [(one["X"], one["er"]) for one in ended] == [("EXPIRED_IN_MATCH", "1")]


def test_the_forms_of_the_address(usdm: BinanceTrader) -> None:
    key = usdm.raw("POST", LISTEN)[1]["listenKey"]
    in_path = MemoryClient(usdm.venues, "usdm", f"private/ws/{key}", {})
    chosen = usdm.listen(listenKey=key, events="ORDER_TRADE_UPDATE/TRADE_LITE")
    wrapped = usdm.listen("private/stream", listenKey=key)
    bogus = usdm.listen(listenKey="0" * 64)
    usdm.order("BUY", "0.01")
    assert len(in_path.take()) == 4
    assert set(_kinds(chosen.take())) == {"ORDER_TRADE_UPDATE", "TRADE_LITE"}
    frames = wrapped.take()
    assert {frame["stream"] for frame in frames} == {key}
    assert next(frame["data"]["e"] for frame in frames) == "ORDER_TRADE_UPDATE"
    assert bogus.take() == []
    assert bogus.ended is None


def test_other_accounts_hear_nothing(usdm: BinanceTrader) -> None:
    usdm.venues.accounts.add(
        AccountSettings(name="other", venue="usdm", keys=(KeySettings(key="other-key", secret=SecretStr("x" * 20)),))
    )
    other = BinanceTrader(usdm.venues, "usdm", "other-key", "x" * 20)
    client = other.listen()
    usdm.order("BUY", "0.01")
    assert client.take() == []
    assert other.done("GET", "fapi/v3/positionRisk") == []


def test_a_key_lives_for_an_hour_from_its_last_extension(usdm: BinanceTrader) -> None:
    key = usdm.raw("POST", LISTEN)[1]["listenKey"]
    client = usdm.listen(listenKey=key)
    world, hour = usdm.venues.world, 3600 * 10**9

    def later(ns: int) -> None:
        usdm.venues.source.stand(world.now + ns, world.now)
        world.skip(world.now + ns)
        usdm.step(0.02)

    later(hour - 10**9)
    assert usdm.raw("PUT", LISTEN) == (200, {"listenKey": key})
    later(hour - 10**9)
    assert usdm.raw("POST", LISTEN)[1]["listenKey"] == key
    later(hour - 10**9)
    assert client.take() == []
    later(10**9)
    (event,) = client.take()
    assert (event["e"], event["listenKey"]) == ("listenKeyExpired", key)
    assert usdm.raw("PUT", LISTEN)[1]["code"] == -1125
    usdm.order("BUY", "0.01")
    assert client.take() == []  # the socket is open and mute
    assert client.ended is None
    assert usdm.raw("POST", LISTEN)[1]["listenKey"] != key


def test_a_key_that_expires_by_a_fault_or_is_closed(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    usdm.venues.faults.add(Fault(kind="listen_key_expired", venue="usdm"))
    usdm.step(0.05)
    assert _kinds(client.take()) == ["listenKeyExpired"]
    usdm.order("BUY", "0.01")
    assert client.take() == []
    fresh = usdm.listen()
    assert usdm.raw("DELETE", LISTEN) == (200, {})
    usdm.order("BUY", "0.01")
    assert fresh.take() == []


def test_listen_keys_need_a_key_and_no_signature(usdm: BinanceTrader) -> None:
    assert usdm.raw("POST", LISTEN, key="")[1]["code"] == -2014
    assert usdm.raw("PUT", LISTEN)[1]["code"] == -1125


def test_the_socket_is_pinged_and_cut_after_a_day(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    rules = usdm.venues._settings.rules
    client.session.tick(usdm.venues.world.now + rules.usdm_ping)
    assert len(client.pings) == 1
    client.session.pong(usdm.venues.world.now + rules.usdm_ping)
    client.session.tick(usdm.venues.world.now + rules.connection_age)
    assert client.ended == 1001


def test_settings_are_told(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    usdm.done("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
    usdm.done("POST", "fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    leverage, assets = client.take()
    assert (leverage["e"], leverage["ac"]) == ("ACCOUNT_CONFIG_UPDATE", {"s": "BTCUSDT", "l": 7})
    assert assets["ai"] == {"j": True}


@pytest.mark.parametrize("kind", ["duplicate_event", "user_mute"])
def test_events_twice_or_not_at_all(usdm: BinanceTrader, kind: Any) -> None:
    client = usdm.listen()
    usdm.venues.faults.add(Fault(kind=kind, venue="usdm", lasts=5_000_000_000))
    usdm.order("BUY", "0.01")
    frames = client.take()
    assert len(frames) == (8 if kind == "duplicate_event" else 0)
    assert kind == "user_mute" or frames[0] == frames[1]
    usdm.step(6)
    usdm.order("SELL", "0.01")
    assert len(client.take()) == 4


def test_late_reports_come_after_the_reply(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    usdm.venues.faults.add(Fault(kind="order_report_delay", venue="usdm", amount=2_000_000_000))
    usdm.order("BUY", "0.01")
    assert client.take() == []
    usdm.step(1.9)
    assert client.take() == []
    usdm.step(0.2)
    assert len(client.take()) == 4


def test_a_silent_fill_shows_nowhere_until_the_fault_ends(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    usdm.venues.faults.add(Fault(kind="fill_silence", venue="usdm", lasts=3_000_000_000))
    reply = usdm.order("BUY", "0.01", newOrderRespType="RESULT")
    assert (reply["status"], reply["executedQty"]) == ("NEW", "0.000")
    assert [_order(one)[0] for one in client.take()] == ["NEW"]
    found = usdm.done("GET", "fapi/v1/order", symbol="BTCUSDT", orderId=reply["orderId"])
    assert (found["status"], found["executedQty"], found["cumQuote"]) == ("NEW", "0.000", "0")
    assert usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT") == []
    assert [row["orderId"] for row in usdm.done("GET", "fapi/v1/openOrders")] == [reply["orderId"]]
    assert usdm.done("GET", "fapi/v3/positionRisk")[0]["positionAmt"] == "0.010"  # what happened has happened
    usdm.step(3.1)
    assert _kinds(client.take()) == ["TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    found = usdm.done("GET", "fapi/v1/order", symbol="BTCUSDT", orderId=reply["orderId"])
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.010")
    assert len(usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")) == 1
