"""How the doctor judges what a venue tells of a key, an account and a market."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.doctor import account, keys
from arbcore.doctor.judging import exchange_rows
from arbcore.doctor.rows import Row, Trouble
from arbcore.doctor.seen import Seen
from arbcore.errors import ExchangeRefused, ExchangeUnavailable, SafetyError
from arbcore.model.account import AccountFacts, Bracket, MarginMode, OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import OrderOrigin, OrderType, Side
from arbcore.model.position import Balance
from arbcore.model.reason import Reason
from arbcore.model.treasury import WalletStatus
from arbcore.testing.samples import PERPETUAL, SPOT

MS, DAY, NOW = 10**6, 86_400 * 10**9, 1_800_000_000 * 10**9
HEALTHY = AccountFacts(
    can_trade=True,
    can_withdraw=False,
    can_transfer=False,
    ip_restricted=True,
    key_expires_at=0,
    hedge_mode=False,
    multi_assets=False,
    fee_discount="",
    clock_offset_ns=3 * MS,
    clock_error_ns=MS,
)
TERMS = TradingTerms(
    instrument=PERPETUAL.key,
    maker=PERPETUAL.fees.maker,
    taker=PERPETUAL.fees.taker,
    min_notional=PERPETUAL.min_notional,
    leverage=10,
    margin_mode=MarginMode.CROSS,
    brackets=(
        Bracket(leverage=20, floor=Decimal(0), cap=Decimal(5000), maintenance=Decimal("0.004")),
        Bracket(leverage=10, floor=Decimal(5000), cap=Decimal(50_000), maintenance=Decimal("0.01")),
        Bracket(leverage=5, floor=Decimal(50_000), cap=Decimal(100_000), maintenance=Decimal("0.02")),
    ),
)


def seen(*, live: bool = False, **more: object) -> Seen:
    """Return an exchange on which nothing is wrong."""
    found = Seen(name="x", plugin="p", environment="testnet", live=live, stated="none", now=NOW)
    found.listed, found.quoted, found.has_perpetuals = (PERPETUAL,), 1, True
    found.instruments = (PERPETUAL,)
    found.facts, found.orders = HEALTHY, ()
    found.snapshot = AccountSnapshot(venue="x", balances=(), positions=(), ts=1, recv_ts=1)
    found.terms, found.values = {PERPETUAL.key: TERMS}, {PERPETUAL.key: 1000.0}
    found.wallets = {"CASH": (wallet(),)}
    for name, value in more.items():
        setattr(found, name, value)
    return found


def wallet(**more: object) -> WalletStatus:
    return replace(WalletStatus(currency="CASH", network="NET", deposits=True, withdrawals=True), **more)


def bad(found: Seen) -> dict[str, str]:
    """Return the status of every row that is not ok."""
    return {row.check: row.status for row in exchange_rows(found) if row.status != "ok"}


def row(found: Seen, check: str) -> Row:
    (chosen,) = [each for each in exchange_rows(found) if each.check == check]
    return chosen


def test_nothing_is_wrong_with_a_healthy_account() -> None:
    assert bad(seen()) == bad(seen(live=True)) == {}


@pytest.mark.parametrize(
    ("changed", "check", "status"),
    [
        ({"can_trade": False}, "permissions", "fail"),
        ({"can_withdraw": True}, "withdrawing", "fail"),
        ({"ip_restricted": False}, "addresses", "warn"),
        ({"key_expires_at": NOW - 1}, "expiry", "fail"),
        ({"key_expires_at": NOW + 30 * DAY - 1}, "expiry", "warn"),
        ({"hedge_mode": True}, "position mode", "fail"),
        ({"multi_assets": True}, "margin assets", "fail"),
        ({"fee_discount": "BNB", "fee_discount_left": Decimal(0)}, "fee discount", "warn"),
        ({"clock_offset_ns": 502 * MS}, "clock", "warn"),
        ({"clock_offset_ns": -502 * MS}, "clock", "warn"),
        ({"clock_offset_ns": 1002 * MS}, "clock", "fail"),
        ({"clock_offset_ns": -1002 * MS}, "clock", "fail"),
        ({"clock_error_ns": 1001 * MS}, "clock", "warn"),
    ],
)
def test_each_fact_that_is_wrong_is_one_row_with_a_remedy(changed: dict[str, object], check: str, status: str) -> None:
    found = seen(facts=replace(HEALTHY, **changed))
    assert bad(found) == {check: status}
    assert row(found, check).fix


@pytest.mark.parametrize(
    "changed",
    [
        {"key_expires_at": NOW + 30 * DAY},
        {"clock_offset_ns": 501 * MS},
        {"clock_offset_ns": 900 * MS, "clock_error_ns": 500 * MS},
        {"clock_offset_ns": None, "clock_error_ns": None},
        {"fee_discount": "BNB", "fee_discount_left": Decimal("0.1")},
        {"fee_discount": "BNB", "fee_discount_left": None},
        {"can_trade": None, "ip_restricted": None, "key_expires_at": None},
        {"can_withdraw": None},
    ],
)
def test_what_is_near_or_not_told_is_not_wrong(changed: dict[str, object]) -> None:
    assert bad(seen(facts=replace(HEALTHY, **changed))) == {}


@pytest.mark.parametrize(
    ("told", "stated", "moves", "paper", "live"),
    [
        (None, "none", False, "ok", "ok"),
        (None, "unknown", False, "warn", "fail"),
        (None, "unknown", True, "warn", "fail"),
        (None, "allowed", False, "fail", "fail"),
        (None, "allowed", True, "ok", "ok"),
        (None, "none", True, "warn", "warn"),
        (True, "none", False, "fail", "fail"),
        (True, "allowed", True, "ok", "ok"),
        (False, "unknown", False, "ok", "ok"),
        (False, "allowed", True, "warn", "warn"),
    ],
)
def test_withdrawing(*, told: bool | None, stated: str, moves: bool, paper: str, live: str) -> None:
    facts = replace(HEALTHY, can_withdraw=told)
    for is_live, status in ((False, paper), (True, live)):
        found = seen(live=is_live, facts=facts, stated=stated, moves_money=moves)
        assert row(found, "withdrawing").status == status
        assert bool(row(found, "withdrawing").fix) == (status != "ok")


@pytest.mark.parametrize(("live", "status"), [(False, "warn"), (True, "fail")])
def test_without_a_key_what_needs_one_says_so(*, live: bool, status: str) -> None:
    found = seen(live=live, needs_key="none: the config names no key of this exchange")
    assert bad(found) == {"key": status, "account": status}
    for check in ("clock", "withdrawing", "bracket", "fees", "open orders"):
        assert check in row(found, "account").seen


def test_a_refused_key_is_told_in_words_with_a_remedy() -> None:
    refused = ExchangeRefused("x: the address is not on the key's list", reason=Reason.VENUE_KEY_REFUSED)
    found = seen(opened=Trouble(refused.what, "", refused))
    assert bad(found) == {"key": "fail", "account": "fail"}
    assert "allowed addresses" in row(found, "key").fix


def test_a_key_that_the_plugin_itself_refuses_is_about_withdrawing() -> None:
    refused = SafetyError("x: the key may withdraw", "take it from the key")
    found = seen(opened=Trouble(refused.what, refused.fix, refused))
    assert bad(found) == {"withdrawing": "fail", "account": "fail"}


def test_a_private_host_that_is_not_reached() -> None:
    found = seen(opened=Trouble("not sent", "", ExchangeUnavailable("not sent")))
    assert row(found, "key").fix == "check the network and the addresses"


@pytest.mark.parametrize(
    ("name", "check"),
    [("facts", "account"), ("snapshot", "balances"), ("orders", "open orders"), ("listed", "public access")],
)
def test_a_question_without_an_answer_is_one_failure(name: str, check: str) -> None:
    found = seen()
    setattr(found, name, Trouble("no answer within 10 s"))
    assert bad(found) == {check: "fail"}


def test_terms_and_wallets_without_an_answer() -> None:
    assert bad(seen(terms={PERPETUAL.key: Trouble("no")})) == {f"terms {PERPETUAL.symbol}": "fail"}
    assert bad(seen(wallets={"CASH": Trouble("no")})) == {"wallet CASH": "fail"}


@pytest.mark.parametrize(
    ("leverage", "value", "status"),
    [
        (10, 50_000.0, "ok"),
        (10, 50_001.0, "fail"),
        (20, 5000.0, "ok"),
        (20, 5001.0, "fail"),
        (5, 100_000.0, "ok"),
        (25, 1.0, "fail"),
    ],
)
def test_a_bracket_that_the_configured_size_does_not_fit(leverage: int, value: float, status: str) -> None:
    found = seen(terms={PERPETUAL.key: replace(TERMS, leverage=leverage)}, values={PERPETUAL.key: value})
    assert row(found, f"bracket {PERPETUAL.symbol}").status == status


def test_brackets_are_shown_where_no_size_is_known_or_none_is_told() -> None:
    assert "state no size" in row(seen(values={}), f"bracket {PERPETUAL.symbol}").seen
    found = seen(terms={PERPETUAL.key: replace(TERMS, brackets=())})
    assert "no brackets" in row(found, f"bracket {PERPETUAL.symbol}").seen


def test_a_leverage_that_is_not_the_configured_one_is_warned_of() -> None:
    assert bad(seen(leverage=10)) == {}
    assert bad(seen(leverage=3)) == {f"leverage {PERPETUAL.symbol}": "warn"}


@pytest.mark.parametrize(
    ("maker", "taker", "status"),
    [("-0.0001", "0.0006", "warn"), ("0", "0.0005", "warn"), ("-0.0002", "0.0004", "ok")],
)
def test_fees_above_the_configured_ones_are_warned_of(maker: str, taker: str, status: str) -> None:
    terms = replace(TERMS, maker=Decimal(maker), taker=Decimal(taker))
    assert row(seen(terms={PERPETUAL.key: terms}), f"fees {PERPETUAL.symbol}").status == status


def test_a_market_that_takes_no_orders_is_warned_of() -> None:
    assert bad(seen(terms={PERPETUAL.key: replace(TERMS, trading=False)})) == {f"market {PERPETUAL.symbol}": "warn"}


@pytest.mark.parametrize(
    ("wallets", "status"),
    [
        ((wallet(deposits=False),), "warn"),
        ((wallet(withdrawals=False, detail="maintenance"),), "warn"),
        ((wallet(deposits=False), wallet(network="B", withdrawals=False)), "ok"),
        ((), "ok"),
    ],
)
def test_wallets_are_closed_where_no_network_is_open(wallets: tuple[WalletStatus, ...], status: str) -> None:
    assert row(seen(wallets={"CASH": wallets}), "wallet CASH").status == status


def test_the_venues_own_words_of_a_closed_wallet_are_shown() -> None:
    found = seen(wallets={"CASH": (wallet(withdrawals=False, detail="maintenance"),)})
    assert row(found, "wallet CASH").seen == "deposits over NET; withdrawals closed (maintenance)"


@pytest.mark.parametrize(("live", "status"), [(False, "warn"), (True, "fail")])
def test_less_than_what_is_allotted(*, live: bool, status: str) -> None:
    balances = (Balance(venue="x", currency="CASH", total=Decimal(5)),)
    snapshot = AccountSnapshot(venue="x", balances=balances, positions=(), ts=1, recv_ts=1)
    assert bad(seen(live=live, snapshot=snapshot, allot={"CASH": Decimal(5)})) == {}
    short = seen(live=live, snapshot=snapshot, allot={"CASH": Decimal(6), "COIN": Decimal(1)})
    assert bad(short) == {"balances": status}
    assert row(short, "balances").seen == "CASH: 6 allotted, 5 there; COIN: 1 allotted, 0 there"


def order(name: str, origin: OrderOrigin = OrderOrigin.OURS) -> OpenOrder:
    return OpenOrder(
        client_order_id=name,
        venue_order_id="7",
        instrument=SPOT.key,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal(1),
        origin=origin,
        ts=1,
    )


@pytest.mark.parametrize(
    ("orders", "told"),
    [
        ((order("theirs"),), "of other clients: 1: buy sim:CASH-COIN (theirs)"),
        ((order(""),), "of other clients: 1: buy sim:CASH-COIN (7)"),
        ((order("ae-1", OrderOrigin.FOREIGN),), "of other clients: 1: "),
        ((order("ae-1"), order("theirs")), "of other clients: 1: "),
        (tuple(order(f"o{n}") for n in range(5)), "of other clients: 5: "),
        ((order("ae-1"),), "of an arbcore session: 1: "),
    ],
)
def test_open_orders_are_warned_of_and_told_apart(orders: tuple[OpenOrder, ...], told: str) -> None:
    (check,) = account.check_orders(orders)
    assert check.status == "warn"
    assert check.detail.startswith(told)


def test_a_plugin_without_accounts_is_no_failure() -> None:
    assert bad(seen(trades=False)) == {}
    assert "opens no account" in row(seen(trades=False), "account").seen


def test_modes_are_no_matter_where_there_are_no_perpetuals() -> None:
    assert bad(seen(has_perpetuals=False, facts=replace(HEALTHY, hedge_mode=True, multi_assets=True))) == {}


def test_market_data_that_is_missing_fails() -> None:
    assert bad(seen(missing_data="no quote of x:A")) == {"market data": "fail"}


def test_a_date_of_expiry_is_shown() -> None:
    (check,) = keys.check_expiry(seen(), replace(HEALTHY, key_expires_at=NOW + 100 * DAY))
    assert check.detail == "the key ends on 2027-04-25, in 100 days"
