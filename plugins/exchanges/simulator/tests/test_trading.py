"""The trading core: money is exact and conserved, whatever clients do, and the same every time."""

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from arbcore_exchange_simulator.memory import make_venues
from arbcore_exchange_simulator.settings import SECOND
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.given import AccountSettings
from arbcore_exchange_simulator.trading.ledger import Short, SpotLedger
from arbcore_exchange_simulator.trading.matching import Matching, What
from arbcore_exchange_simulator.trading.money import exact_atoms, plain, plus, times, value, whole
from arbcore_exchange_simulator.trading.order import Execution, Order
from arbcore_exchange_simulator.venues import Venues

if TYPE_CHECKING:
    from arbcore_exchange_simulator.market.market import Market

ENDS = {"filled", "cancelled", "expired"}
ACCOUNTS = [
    {"name": "one", "venue": "upbit", "balances": {"KRW": "3000000000", "BTC": "20"}},
    {"name": "two", "venue": "upbit", "balances": {"KRW": "100000", "BTC": "0.001"}},
]


class Notes:
    """Everything that was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, str]] = []
        self.flows: dict[str, Decimal] = {}
        self.fees: dict[str, Decimal] = {}

    def on_order(self, order: Order, what: What, execution: Execution | None) -> None:
        self.told.append((order.account.name, order.number, what))
        if execution is None:
            return
        sign = 1 if order.buy else -1
        listing = order.market.listing
        self._flow(listing.base, times(Decimal(sign), whole(execution.quantity)))
        self._flow(listing.quote, times(Decimal(-sign), execution.value))
        self._flow(execution.fee_currency, -execution.fee)

    def _flow(self, currency: str, amount: Decimal) -> None:
        self.flows[currency] = plus(self.flows.get(currency, Decimal(0)), amount)

    def on_cash(self, account: Account, currencies: tuple[str, ...], why: str) -> None:
        assert currencies
        assert why in {"order", "trade", "cancel"}


def _setting(charge: Any) -> tuple[Venues, Matching, Notes]:
    venues = make_venues(symbols=("BTC",), accounts=ACCOUNTS, rate=50.0, trade_rate=20.0)
    venues.upbit.matching.halted = lambda _market: True  # the venue's own stands aside
    ledger = SpotLedger(lambda _account, _market: (Decimal("0.0003"), Decimal("0.0005")), charge)
    matching = Matching("upbit", venues.world, ledger)
    notes = Notes()
    matching.watchers.append(notes)
    return venues, matching, notes


class Trading(RuleBasedStateMachine):
    """Two clients who do anything at all."""

    charge = "quote"

    @initialize()
    def begin(self) -> None:
        self.venues, self.matching, self.notes = _setting(self.charge)
        self.ledger: Any = self.matching.ledger
        self.accounts = [self.venues.accounts.known(name) for name in ("one", "two")]
        self.begun = {currency: self._total(currency) for currency in ("KRW", "BTC")}
        self.orders: list[Order] = []
        self.market: Market = self.venues.world.markets["upbit"]["KRW-BTC"]

    def _total(self, currency: str) -> Decimal:
        return plus(self.accounts[0].of(currency).total, self.accounts[1].of(currency).total)

    def _cash(self) -> list[tuple[str, str]]:
        return [(plain(one.of(c).free), plain(one.of(c).locked)) for one in self.accounts for c in ("KRW", "BTC")]

    def _price(self, buy: bool, ticks: int) -> int:
        (bid, _), (ask, _) = self.market.book.touch
        tick = self.market.listing.grid.tick(bid)
        price = (ask if buy else bid) + ticks * tick
        return price - price % tick

    @rule(
        who=st.integers(0, 1),
        buy=st.booleans(),
        ticks=st.integers(-40, 40),
        quantity=st.integers(1, 3 * 10**8),
        life=st.sampled_from(["GTC", "IOC", "FOK", "POST"]),
        smp=st.sampled_from(["cancel_maker", "cancel_taker", "reduce", "none", "EXPIRE_BOTH"]),
        kind=st.sampled_from(["limit", "limit", "limit", "market", "cost", "best"]),
    )
    def place(self, who: int, buy: bool, ticks: int, quantity: int, life: Any, smp: str, kind: str) -> None:
        order = Order(account=self.accounts[who], market=self.market, buy=buy, life=life, smp=smp)
        if kind == "limit":
            order.price, order.quantity = self._price(buy, ticks), quantity
        elif kind == "market" or not buy:
            order.kind, order.quantity, order.life = "market", quantity, "IOC"
        else:
            order.budget, order.life = whole(quantity * 50), "IOC" if life in {"GTC", "POST"} else life
            order.price = self._price(buy, 0) if kind == "best" else None
            order.kind = "limit" if kind == "best" else "market"
        before = self._cash()
        try:
            self.matching.place(order)
        except Short:
            assert before == self._cash()
            return
        self.orders.append(order)
        assert order.state != "open" or (order.life in {"GTC", "POST"} and order.kind == "limit")
        if order.life == "POST" or (order.life == "FOK" and order.state != "filled"):
            assert order.filled == 0 or order.budget is not None

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.orders))
        was_open = order.state == "open"
        assert self.matching.cancel(order) is was_open
        assert not was_open or (order.state, order.why) == ("cancelled", "request")

    @precondition(lambda self: any(one.state == "open" for one in self.orders))
    @rule(data=st.data(), ticks=st.integers(-20, 20), factor=st.integers(1, 300))
    def amend(self, data: st.DataObject, ticks: int, factor: int) -> None:
        order = data.draw(st.sampled_from([one for one in self.orders if one.state == "open"]))
        price, quantity = order.price, order.quantity
        wanted = max((quantity or 0) * factor // 100, order.filled + order.prevented + 1)
        try:
            self.matching.amend(order, self._price(order.buy, ticks), wanted)
        except Short:
            assert (order.price, order.quantity) == (price, quantity)

    @precondition(lambda self: any(one.state == "open" for one in self.orders))
    @rule(data=st.data(), share=st.integers(1, 100))
    def fill(self, data: st.DataObject, share: int) -> None:
        order = data.draw(st.sampled_from([one for one in self.orders if one.state == "open"]))
        before, wanted = order.filled, max(order.remaining * share // 100, 1)
        self.matching.fill(order, wanted)
        assert order.filled == before + wanted

    @rule(ms=st.integers(1, 500))
    def wait(self, ms: int) -> None:
        self.venues.step(self.venues.world.now + ms * 1_000_000)

    @invariant()
    def money_is_conserved(self) -> None:
        for currency, begun in getattr(self, "begun", {}).items():
            assert self._total(currency) == plus(begun, self.notes.flows.get(currency, Decimal(0)))

    @invariant()
    def locked_is_what_open_orders_need(self) -> None:
        for account in getattr(self, "accounts", ()):
            needs = {"KRW": Decimal(0), "BTC": Decimal(0)}
            for order in account.open.values():
                needed = self.ledger.need(order)
                assert needed == order.held
                currency = "KRW" if order.buy else "BTC"
                needs[currency] = plus(needs[currency], needed)
            for currency, needed in needs.items():
                assert account.of(currency).locked == needed
                assert account.of(currency).free >= 0

    @invariant()
    def every_order_is_in_a_known_state(self) -> None:
        heard: dict[int, list[str]] = {}
        for _, number, what in self.notes.told if hasattr(self, "notes") else ():
            heard.setdefault(number, []).append(what)
        for order in getattr(self, "orders", ()):
            if order.state == "open":
                assert order.account.open[order.number] is order
                assert order in self.matching.resting("KRW-BTC")
                assert order.remaining > 0
            else:
                assert order.state in ENDS
                assert (order.held, order.number in order.account.open) == (0, False)
                assert (order.state == "filled") is (order.why == "")
            assert sum(one.quantity for one in order.executions) == order.filled
            assert order.filled + order.prevented <= (order.quantity or 10**30)
            told = heard[order.number]
            assert told[0] == "new"
            assert told.count("trade") == len(order.executions)
            assert sum(what in {"cancelled", "expired"} for what in told) == (order.state in {"cancelled", "expired"})

    @invariant()
    def the_book_stands(self) -> None:
        if hasattr(self, "market"):
            (bid, _), (ask, _) = self.market.book.touch
            assert 0 < bid < ask
            assert min([*self.market.book.bids.values(), *self.market.book.asks.values()]) > 0


class ReceivedFees(Trading):
    """The same where the fee comes off what is received."""

    charge = "received"


TestTrading = Trading.TestCase
TestReceivedFees = ReceivedFees.TestCase


def _story(seed: int) -> tuple[Any, Any, Any]:
    """Let a client do drawn things, and return everything that came of it."""
    venues, matching, notes = _setting("quote")
    account, market = venues.accounts.known("one"), venues.world.markets["upbit"]["KRW-BTC"]
    random = Random(seed)
    for _ in range(60):
        (bid, _), (ask, _) = market.book.touch
        buy = random.random() < 0.5
        order = Order(account=account, market=market, buy=buy, smp="none")
        order.price, order.quantity = random.choice((bid, ask)), random.randrange(1, 10**8)
        matching.place(order)
        venues.step(venues.world.now + random.randrange(SECOND))
    return venues.accounts.report(), notes.told, list(market.trades)


def test_the_same_seed_and_the_same_requests_give_the_same() -> None:
    assert _story(1) == _story(1)
    assert _story(1) != _story(2)


def test_a_resting_order_waits_its_turn_and_fills_in_parts() -> None:
    venues, matching, _ = _setting("quote")
    account, market = venues.accounts.known("one"), venues.world.markets["upbit"]["KRW-BTC"]
    (bid, there), _ = market.book.touch
    order = Order(account=account, market=market, buy=True, price=bid, quantity=2 * 10**8)
    matching.place(order)
    trade = market.trade(venues.world.now, bid, there - 5, buyer=False)
    venues.world.traded(market, trade)
    assert order.filled == 0
    venues.world.traded(market, market.trade(venues.world.now, bid, 105, buyer=False))
    assert order.filled == 100
    venues.world.traded(market, market.trade(venues.world.now, bid, 50, buyer=True))
    assert order.filled == 100
    venues.world.traded(market, market.trade(venues.world.now, bid - 10**11, 7, buyer=False))
    assert order.filled == 107
    assert {one.price for one in order.executions} == {bid}
    assert all(one.maker for one in order.executions)


def test_an_order_uses_up_the_book_that_everyone_sees() -> None:
    venues, matching, _ = _setting("quote")
    account, market = venues.accounts.known("one"), venues.world.markets["upbit"]["KRW-BTC"]
    (first, there), (second, more) = list(market.book.asks.items())[:2]
    tape = len(market.trades)
    order = Order(account=account, market=market, buy=True, kind="market", life="IOC", quantity=there + more - 1)
    matching.place(order)
    assert next(iter(market.book.asks.items())) == (second, 1)
    assert first not in market.book.asks
    assert [(one.price, one.quantity, one.buyer) for one in list(market.trades)[tape:]] == [
        (first, there, True),
        (second, more - 1, True),
    ]
    assert order.funds == plus(value(first, there), value(second, more - 1))


def test_orders_of_two_accounts_meet_inside_the_spread() -> None:
    venues, matching, notes = _setting("quote")
    one, two = (venues.accounts.known(name) for name in ("one", "two"))
    market = venues.world.markets["upbit"]["KRW-BTC"]
    (bid, _), (ask, _) = market.book.touch
    inside = bid + market.listing.grid.tick(bid)
    assert inside < ask
    maker = Order(account=one, market=market, buy=True, price=inside, quantity=1000)
    taker = Order(account=two, market=market, buy=False, price=inside, quantity=400)
    matching.place(maker)
    matching.place(taker)
    assert (maker.filled, taker.filled, taker.state) == (400, 400, "filled")
    assert maker.executions[0].number == taker.executions[0].number
    assert maker.executions[0].maker
    assert not taker.executions[0].maker
    assert market.book.touch[0][0] == bid
    assert [what for _, _, what in notes.told] == ["new", "new", "trade", "trade"]


@pytest.mark.parametrize(
    ("smp", "maker", "taker"),
    [
        ("cancel_maker", ("expired", 0, 700), ("open", 0, 0)),
        ("cancel_taker", ("open", 0, 0), ("expired", 0, 1000)),
        ("reduce", ("expired", 0, 700), ("open", 0, 700)),
        ("EXPIRE_BOTH", ("expired", 0, 700), ("expired", 0, 1000)),
        ("none", ("filled", 700, 0), ("open", 700, 0)),
    ],
)
def test_an_order_that_meets_its_own_account(smp: str, maker: Any, taker: Any) -> None:
    venues, matching, _ = _setting("quote")
    account, market = venues.accounts.known("one"), venues.world.markets["upbit"]["KRW-BTC"]
    (bid, _), _ = market.book.touch
    inside = bid + market.listing.grid.tick(bid)
    first = Order(account=account, market=market, buy=True, price=inside, quantity=700)
    second = Order(account=account, market=market, buy=False, price=inside, quantity=1000, smp=smp)
    matching.place(first)
    matching.place(second)
    assert (first.state, first.filled, first.prevented) == maker
    assert (second.state, second.filled, second.prevented) == taker
    if smp == "cancel_maker":
        assert first.prevented_money == times(value(inside, 700), Decimal("1.0005"))


def test_accounts_are_found_by_key_and_never_doubled() -> None:
    venues = make_venues(symbols=("BTC",))
    accounts = venues.accounts
    found = accounts.find("upbit", "sim-upbit-key")
    assert found is not None
    assert "0123456789" not in repr(found[1])
    with pytest.raises(ValueError, match="upbit"):
        accounts.add(AccountSettings(name="upbit", venue="upbit"))
    with pytest.raises(ValueError, match="key"):
        accounts.add(
            AccountSettings.model_validate({"name": "x", "venue": "upbit", "keys": [{"key": "sim-upbit-key"}]})
        )
    with pytest.raises(ValueError, match="below 0"):
        accounts.set("upbit", {"KRW": Decimal(-1)})


def test_numbers_stay_exact() -> None:
    assert exact_atoms("0.00000001") == 1
    assert exact_atoms("0.000000001") is None
    assert exact_atoms("-1") is None
    assert exact_atoms("NaN") is None
    assert exact_atoms("1e3") == 10**11
    assert plain(value(15_577_200_000_000_000, 10_000)) == "15577.2"
    assert plain(Decimal("100.0")) == "100"
