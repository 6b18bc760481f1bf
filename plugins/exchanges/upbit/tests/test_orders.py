"""What replies and frames say of orders: decoding, verdicts, fees."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore.errors import ExchangeError
from arbcore.model.order import OrderState, Side
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.private.facts import Facts, facts_of_frame, facts_of_row, verdict
from arbcore_exchange_upbit.protocol.private.fees import fee_shares, fill_fee
from arbcore_exchange_upbit.protocol.private.frames import AssetFrame, OrderFrame, read_frame
from arbcore_exchange_upbit.protocol.private.order_replies import read_chance, read_order, read_orders, read_placed
from plugins.exchanges.upbit.tests.private_samples import (
    CHANCE,
    MS,
    TRADE,
    UUID,
    asset_frame,
    market_buy,
    order_frame,
    order_row,
    trade_row,
)
from plugins.exchanges.upbit.tests.samples import raw, reply

D = Decimal


def row_facts(**changes: Any) -> Facts:
    row = read_order(reply(order_row(**changes)))
    assert row is not None
    return facts_of_row(row)


def frame_of(**changes: Any) -> OrderFrame:
    frame = read_frame(raw(order_frame(**changes)))
    assert isinstance(frame, OrderFrame)
    return frame


def test_numbers_are_read_digit_by_digit() -> None:
    digits = "12345678901234567.123456789012345678901234567890"
    row = read_order(reply(order_row(locked=digits, trades=[trade_row(funds=digits)])))
    assert row is not None
    assert row.locked == D(digits)
    assert row.trades is not None
    assert row.trades[0].funds == D(digits)
    text = raw(order_frame()).replace(b'"paid_fee": 297.92', b'"paid_fee": 0.1').replace(b"297.92", digits.encode())
    frame = read_frame(text)
    assert isinstance(frame, OrderFrame)
    assert frame.trade_fee == D(digits)


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-1", "1e18", "1e-31", "words", "", [], {}, True])
@pytest.mark.parametrize("name", ["price", "volume", "executed_volume", "paid_fee", "locked"])
def test_what_is_no_amount_is_no_order(name: str, wrong: Any) -> None:
    with pytest.raises(ExchangeError):
        read_order(reply(order_row(**{name: wrong})))


@pytest.mark.parametrize(
    "changes",
    [
        {"uuid": ""},
        {"uuid": None},
        {"market": "KRWBTC"},
        {"market": "upbit:KRW-BTC"},
        {"state": "new"},
        {"side": "buy"},
        {"created_at": "2026-11-20T16:52:49"},
        {"created_at": "1999-11-20T16:52:49+09:00"},
        {"created_at": "9999-12-31T23:59:59+09:00"},
        {"created_at": None},
        {"trades": [trade_row(volume="0")]},
        {"trades": [trade_row(price="0")]},
        {"trades": [trade_row(uuid="")]},
    ],
)
def test_what_is_no_order_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError):
        read_order(reply(order_row(**changes)))
    with pytest.raises(ExchangeError):
        read_orders(reply([order_row(), order_row(**changes)]))


def test_an_acknowledgement_and_a_list() -> None:
    row = read_placed(reply(order_row(), 201), "ae-1")
    assert (row.uuid, row.price, row.volume, row.trades) == (UUID, D(155_772_000), D("0.0001"), None)
    assert [one.uuid for one in read_orders(reply([order_row(), market_buy()]))] == [UUID, UUID]
    assert read_orders(reply([])) == []


def test_times_are_of_the_last_thing_that_happened() -> None:
    assert row_facts().ts == 1_795_161_169_000_000_000
    assert row_facts(trades=[trade_row()]).ts == 1_795_161_170_176_073_000


def test_chance() -> None:
    chance = read_chance(reply(CHANCE))
    assert (chance.maker_bid_fee, chance.market.bid.min_total, chance.market.max_total) == (
        D("0.0005"),
        D(5000),
        D(10**9),
    )


# --- what facts mean -----------------------------------------------------------------------------------------------

WAIT = {"state": "wait"}
CANCEL = {"state": "cancel"}


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        (WAIT, OrderState.ACKNOWLEDGED, ""),
        ({"state": "watch"}, OrderState.ACKNOWLEDGED, ""),
        ({**WAIT, "executed_volume": "0.00005"}, OrderState.PARTIALLY_FILLED, ""),
        ({"state": "done", "executed_volume": "0.0001"}, OrderState.FILLED, ""),
        (CANCEL, OrderState.CANCELLED, Reason.ORDER_CANCELLED),
        ({**CANCEL, "executed_volume": "0.00005"}, OrderState.CANCELLED, Reason.ORDER_CANCELLED),
        ({**CANCEL, "executed_volume": "0.0001"}, OrderState.FILLED, ""),
        ({**CANCEL, "time_in_force": "ioc"}, OrderState.EXPIRED, Reason.ORDER_NO_LIQUIDITY),
        (
            {**CANCEL, "time_in_force": "ioc", "executed_volume": "0.00005"},
            OrderState.EXPIRED,
            Reason.ORDER_NO_LIQUIDITY,
        ),
        ({**CANCEL, "time_in_force": "fok"}, OrderState.EXPIRED, Reason.ORDER_NO_LIQUIDITY),
        ({**CANCEL, "ord_type": "market", "side": "ask"}, OrderState.EXPIRED, Reason.ORDER_NO_LIQUIDITY),
        ({**CANCEL, "time_in_force": "post_only"}, OrderState.CANCELLED, Reason.ORDER_WOULD_TAKE),
        (
            {**CANCEL, "time_in_force": "post_only", "executed_volume": "0.00005"},
            OrderState.CANCELLED,
            Reason.ORDER_CANCELLED,
        ),
        ({**CANCEL, "prevented_volume": "0.00001"}, OrderState.CANCELLED, Reason.ORDER_SELF_MATCH),
        ({**CANCEL, "prevented_locked": "5", "time_in_force": "ioc"}, OrderState.CANCELLED, Reason.ORDER_SELF_MATCH),
    ],
)
def test_verdicts(changes: dict[str, Any], state: OrderState, reason: str) -> None:
    assert verdict(row_facts(**changes), asked=False, prevented=False)[:2] == (state, reason)


def test_a_cancel_that_we_asked_for_is_ours() -> None:
    for life in (None, "ioc", "post_only"):
        facts = row_facts(**CANCEL, time_in_force=life)
        assert verdict(facts, asked=True, prevented=False)[:2] == (OrderState.CANCELLED, Reason.ORDER_CANCELLED)
        assert verdict(facts, asked=True, prevented=True)[1] == Reason.ORDER_SELF_MATCH


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, OrderState.FILLED),
        # A quarter of the money found nobody: that is no remainder.
        ({"price": "8000"}, OrderState.EXPIRED),
        ({"executed_volume": "0", "trades": []}, OrderState.EXPIRED),
        ({"ord_type": "best", "time_in_force": "ioc"}, OrderState.FILLED),
        ({"ord_type": "best", "time_in_force": "ioc", "price": "8000"}, OrderState.EXPIRED),
    ],
)
def test_a_buy_by_cost_is_filled_where_what_is_left_buys_nothing(changes: dict[str, Any], state: OrderState) -> None:
    assert verdict(row_facts(**market_buy(**changes)), asked=False, prevented=False)[0] is state


def test_facts_of_a_fill_take_no_price_or_volume_of_the_order() -> None:
    facts = facts_of_frame(frame_of())
    assert (facts.side, facts.executed, facts.volume, facts.cost) == (Side.BUY, D("0.004"), None, None)
    done = facts_of_frame(frame_of(state="cancel", order_type="price", price=6000, volume=None, trade_uuid=None))
    assert (done.cost, done.by_cost) == (D(6000), True)


# --- frames --------------------------------------------------------------------------------------------------------


def test_frames_of_the_developer_centre() -> None:
    frame = frame_of()
    assert (frame.trade_uuid, frame.price, frame.volume, frame.trade_fee) == (
        TRADE,
        D(148_960_000),
        D("0.004"),
        D("297.92"),
    )
    assert frame.exact
    assets = read_frame(raw(asset_frame()))
    assert isinstance(assets, AssetFrame)
    assert [(one.currency, one.balance, one.locked) for one in assets.assets] == [
        ("KRW", D("1386929.37231"), D("10329.67"))
    ]
    assert assets.asset_timestamp == MS
    assert read_frame(b'{"status":"UP"}') is None
    assert read_frame(b'{"method":"LIST_SUBSCRIPTIONS","result":[],"ticket":"t"}') is None


@pytest.mark.parametrize(
    "changes",
    [
        {"executed_volume": 1234567890.1234567},
        {"executed_volume": 175781250.0},  # of 175781249.99999999
        {"volume": 10_000_000.0},
        {"price": 1e13},
        {"executed_volume": None},
        {"price": 1234567.123456789},
        {"volume": 0.1234567890123456},
        {"trade_fee": None},
    ],
)
def test_numbers_that_a_double_may_have_rounded_are_seen(changes: dict[str, Any]) -> None:
    assert not frame_of(**changes).exact


@pytest.mark.parametrize(
    "changes",
    [
        {"trade_uuid": None},
        {"trade_uuid": ""},
        {"price": None},
        {"volume": 0},
        {"volume": -1},
        {"state": "lost"},
        {"ask_bid": "bid"},
        {"timestamp": None},
        {"uuid": None},
    ],
)
def test_a_fill_that_says_too_little_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError):
        read_frame(raw(order_frame(**changes)))


@pytest.mark.parametrize("name", ["INVALID_AUTH", "WRONG_FORMAT", "Too Many Requests"])
def test_an_error_of_the_stream_is_raised_with_its_name(name: str) -> None:
    with pytest.raises(ExchangeError, match=name):
        read_frame(raw({"error": {"name": name, "message": "words"}}))


# --- fees ----------------------------------------------------------------------------------------------------------


def test_the_fee_of_the_fact_sheet() -> None:
    assert fee_shares(D("2.99989592"), [("a", D("5999.79184"))], {}) == {"a": D("2.99989592")}
    assert fee_shares(D("3.697095875"), [("a", D("7394.19175"))], {}) == {"a": D("3.697095875")}


def test_fees_are_exact_shares_that_add_up() -> None:
    trades = [("a", D("1000.1")), ("b", D("2000.3")), ("c", D("0.00000001"))]
    paid = sum((funds for _, funds in trades), D(0)) * D("0.0005")
    shares = fee_shares(paid, trades, {})
    assert shares == {name: funds * D("0.0005") for name, funds in trades}
    # One that was told keeps its fee, and the others make up the rest.
    assert fee_shares(paid, trades, {"b": D("1.00015")}) == {name: shares[name] for name in ("a", "c")}


def test_fees_that_no_rate_explains_add_up_all_the_same() -> None:
    trades = [("a", D(1)), ("b", D(1)), ("c", D(1))]
    shares = fee_shares(D("0.01"), trades, {})
    assert sum(shares.values()) == D("0.01")
    assert max(shares.values()) - min(shares.values()) < D("1e-15")
    assert fee_shares(D(0), trades, {}) == dict.fromkeys("abc", D(0))
    assert fee_shares(D("0.01"), trades, {"a": D("0.02")}) == dict.fromkeys("bc", D(0))


def test_a_fee_that_a_double_rounded_gets_its_digits_back() -> None:
    funds = D("1234.5") * D("98765.12345678")
    fee = funds * D("0.0005")
    assert len(fee.as_tuple().digits) > 15
    told = D(repr(float(fee)))
    assert told != fee
    assert fill_fee(funds, told) == fee
    assert fill_fee(funds, D("0.123")) == D("0.123")
    assert fill_fee(D(0), D(1)) == 1
