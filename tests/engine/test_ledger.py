"""The ledger adds up: whatever is filled, charged or paid, its parts sum to the change of the venues' accounts."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from arbcore.engine.parts import EngineSettings
from arbcore.journal.folds import rebuild
from arbcore.model.command import Flatten
from arbcore.model.events import BalanceChanged, FundingApplied, PnlReported, TradeClosed
from arbcore.model.grid import Rounding
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import FundingRate, FxRate, Quote
from arbcore.model.state import EngineState
from arbcore.ports.strategy import RouteKind, RouteSpec
from arbcore.ports.venue import SimVenue
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave, pair
from arbcore.testing.scripted_venue import Outcome, ScriptedVenue
from arbcore.testing.stage import Stage
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_fill_top.model import TopFill
from tests.engine.world import market, perpetual

WON: Final = market("seoul", "KRW-BTC", "KRW", tick="10", lot="0.00000001", min_quantity="0.00000001")
"""Fees in its quote currency, which is not the base currency."""
COIN_FEE: Final = market("cash", "BTCUSDT", lot="0.00001", min_quantity="0.00001", fee="0.00075", fee_currency="BTC")
"""Fees in the coin itself."""
THIRD_FEE: Final = market("third", "BTCUSDT", fee="0.00075", fee_currency="BNB")
"""Fees in a third coin, which has a rate."""
PERP: Final = perpetual("swap", "PERP", fee="0.00045")
"""Settled in the base currency."""
WON_PERP: Final = perpetual("won", "PERP", "KRW", tick="10", contract_size="0.01", lot="1", min_quantity="1")
"""Settled in another currency, in contracts of a hundredth."""

INSTRUMENTS: Final = (WON, COIN_FEE, THIRD_FEE, PERP, WON_PERP)
RATE_NAMES: Final = {"usdt_krw": 10**18, "bnb_usdt": 10**18}
FEE_RATES: Final = {"BNB/USDT": Decimal("0.002")}
BALANCES: Final = {
    "seoul": {"KRW": Decimal(10**9), "BTC": Decimal("1.5")},
    "cash": {"USDT": Decimal(10**6), "BTC": Decimal("0.25")},
    "third": {"USDT": Decimal(10**6), "BNB": Decimal(1000), "BTC": Decimal(1)},
    "swap": {"USDT": Decimal(10**6)},
    "won": {"KRW": Decimal(10**9)},
}
ROUTES: Final = tuple(
    pair(buy, sell, name=name, rates={"KRW": "usdt_krw"}, max_age_ns=10**18)
    for name, buy, sell in (
        ("a", WON, PERP),
        ("b", COIN_FEE, PERP),
        ("c", THIRD_FEE, WON_PERP),
        ("d", PERP, COIN_FEE),
    )
)
PRICES: Final = st.integers(900, 1100).map(lambda cents: cents / 10)
RATES: Final = st.integers(800, 1300).map(lambda cents: cents * 1.01)


def worth(
    snapshots: Iterable[AccountSnapshot], touches: Mapping[str, Quote], rates: Mapping[str, Fraction]
) -> Fraction:
    """Value what venues state, by nothing of the engine but its rounding of a rate to twelve decimals."""
    coins = {(one.venue, one.base): one for one in INSTRUMENTS if one.kind is InstrumentKind.SPOT}
    value = Fraction(0)
    for snapshot in snapshots:
        for balance in snapshot.balances:
            coin = coins.get((balance.venue, balance.currency))
            amount = Fraction(balance.total)
            if coin is None:
                value += amount * rates[balance.currency]
            else:
                value += amount * closing(touches[coin.key], coin, amount) * rates[coin.quote]
        for position in snapshot.positions:
            one = next(each for each in INSTRUMENTS if each.key == position.instrument)
            size = Fraction(position.quantity) * Fraction(one.contract_size)
            price = closing(touches[one.key], one, size)
            value += (size * price - Fraction(position.entry_value)) * rates[one.quote]
    return value


def closing(quote: Quote, instrument: Instrument, amount: Fraction) -> Fraction:
    if amount >= 0:
        return Fraction(instrument.ticks.place(quote.bid, Rounding.DOWN))
    return Fraction(instrument.ticks.place(quote.ask, Rounding.UP))


class LedgerMachine(RuleBasedStateMachine):
    """Trades on five venues whose books are kept by somebody else."""

    def __init__(self) -> None:
        super().__init__()
        self.venues = self.make_venues()
        self.strategies = {route.id: ScriptedStrategy(route) for route in self.routes()}
        self.stage = Stage(
            INSTRUMENTS,
            self.venues,
            self.strategies,
            settings=EngineSettings(
                session="t", mode="backtest", base_currency="USDT", config_hash="", rates=dict(RATE_NAMES)
            ),
        )
        self.parts = self.stage.engine.parts
        self.touches: dict[str, Quote] = {}
        self.rates = {"USDT": Fraction(1)}
        self.begun = Fraction(0)
        self.carried: dict[str, Decimal] = {}
        self.paid = 0

    def make_venues(self) -> dict[str, SimVenue]:
        raise NotImplementedError

    def routes(self) -> tuple[RouteSpec, ...]:
        return ROUTES

    @initialize(price=PRICES, rate=RATES)
    def begin(self, price: float, rate: float) -> None:
        self.stage.begin()
        self.tick("usdt_krw", rate)
        self.tick("bnb_usdt", 500.0)
        for instrument in INSTRUMENTS:
            self.quote(instrument, price, 50.0)
        self.note_start()

    def note_start(self) -> None:
        assert self.parts.switches.state is EngineState.RUNNING
        self.begun = self.value()
        for one in (PERP, WON_PERP):
            self.carried[one.key] = self.booked(one) - self.stated_entry(one)

    def tick(self, name: str, rate: float) -> None:
        """Move a rate: dollars for a won, or for the third coin."""
        now = self.stage.clock.now()
        self.stage.give(FxRate(name, now, now, rate * 0.999, rate * 1.001, "test"))
        middle = (rate * 0.999 + rate * 1.001) / 2
        currency = "KRW" if name == "usdt_krw" else "BNB"
        exact = 1 / Fraction(repr(middle)) if currency == "KRW" else Fraction(repr(middle))
        self.rates[currency] = Fraction(round(exact * 10**12), 10**12)

    def quote(self, instrument: Instrument, price: float, size: float) -> None:
        """Move a book; prices in won are a thousand times higher."""
        price *= 1000.0 if instrument.quote == "KRW" else 1.0
        tick = float(instrument.ticks.tick_at(price))
        now = self.stage.clock.now()
        size = size * 100.0 if instrument.contract_size < 1 else size
        self.touches[instrument.key] = Quote(instrument.key, now, now, price, price + tick, size, size)
        self.stage.give(self.touches[instrument.key])

    def value(self) -> Fraction:
        now = self.stage.clock.now()
        return worth([venue.snapshot(now) for venue in self.venues.values()], self.touches, self.rates)

    @rule(instrument=st.sampled_from(INSTRUMENTS), price=PRICES, size=st.floats(0.0, 3.0))
    def move_price(self, instrument: Instrument, price: float, size: float) -> None:
        self.quote(instrument, price, size)

    @rule(name=st.sampled_from(list(RATE_NAMES)), rate=RATES)
    def move_rate(self, name: str, rate: float) -> None:
        self.tick(name, rate if name == "usdt_krw" else rate / 2)

    @rule(
        route=st.sampled_from(ROUTES),
        notional=st.decimals("15", "400", places=1),
        forward=st.booleans(),
        slippage=st.floats(0.0, 60.0),
        price=PRICES,
    )
    def open(self, route: RouteSpec, notional: Decimal, forward: bool, slippage: float, price: float) -> None:
        self.strategies[route.id].leave(enter(notional, forward=forward, slippage_bps=slippage))
        self.touch_again(route, price)

    @precondition(lambda self: bool(self.parts.execution.trades))
    @rule(data=st.data(), share=st.decimals("0.05", "1", places=2), price=PRICES)
    def close(self, data: st.DataObject, share: Decimal, price: float) -> None:
        trade = data.draw(st.sampled_from(list(self.parts.execution.trades.values())))
        self.strategies[trade.route.owner].leave(leave(trade.id, share, slippage_bps=30.0))
        self.touch_again(trade.route.spec, price)

    def touch_again(self, route: RouteSpec, price: float) -> None:
        for leg in route.legs:
            instrument = next(one for one in INSTRUMENTS if one.key == leg.instrument)
            self.quote(instrument, price, 5.0)

    @rule(seconds=st.integers(1, 20))
    def pass_time(self, seconds: int) -> None:
        self.stage.wait(seconds * SECOND)

    @rule()
    def flatten(self) -> None:
        self.stage.command(Flatten())

    @rule(instrument=st.sampled_from((PERP, WON_PERP)), rate=st.integers(-50, 50))
    def pay_funding(self, instrument: Instrument, rate: int) -> None:
        self.paid += 1
        self.settle_funding(instrument, rate)

    def settle_funding(self, instrument: Instrument, rate: int) -> None:
        raise NotImplementedError

    @invariant()
    def the_parts_sum_to_what_the_accounts_changed_by(self) -> None:
        if self.begun:
            pnl = self.parts.valuation.pnl()
            assert pnl is not None
            assert Fraction(pnl.total) == self.value() - self.begun
            equity = self.parts.valuation.equity()
            assert equity is not None
            assert Fraction(equity) == self.value()

    @invariant()
    def virtual_positions_sum_to_the_venues_net_positions(self) -> None:
        if not self.begun:
            return
        held = {one.key: Decimal(0) for one in INSTRUMENTS}
        for lot in self.parts.accounts.lots:
            held[lot.instrument] += lot.quantity
        for key, dust in self.parts.accounts.lots.dust.items():
            held[key] += dust.quantity
        for venue in self.venues.values():
            snapshot = venue.snapshot(self.stage.clock.now())
            positions = {one.instrument: one.quantity for one in snapshot.positions}
            balances = {one.currency: one.total for one in snapshot.balances}
            for one in INSTRUMENTS:
                if one.venue == snapshot.venue:
                    stated = balances.get("BTC") if one.kind is InstrumentKind.SPOT else positions.get(one.key)
                    assert held[one.key] == self.parts.accounts.lots.net.get(one.key, Decimal(0)) == (stated or 0)

    @invariant()
    def cash_is_what_the_venues_have_but_for_what_they_paid_out_earlier(self) -> None:
        """A venue nets the positions of several trades and pays profit at once; the ledger books it with its trade.

        What a stock earned before the start is carried beside the balances until its venue pays it out.
        """
        if not self.begun:
            return
        for one in INSTRUMENTS:
            snapshot = self.venues[one.venue].snapshot(self.stage.clock.now())
            stated = {each.currency: each.total for each in snapshot.balances}.get(one.quote, Decimal(0))
            ours = self.parts.accounts.cash.balances.get((one.venue, one.quote), Decimal(0))
            if one.kind is InstrumentKind.PERPETUAL:
                ours += self.carried[one.key] - self.booked(one)
                stated -= self.stated_entry(one)
            assert ours == stated

    def booked(self, perpetual: Instrument) -> Decimal:
        """Entry value of the open lots of the ledger."""
        lots = self.parts.accounts.lots
        values = [lot.quantity * lot.price for lot in lots if lot.instrument == perpetual.key]
        if perpetual.key in lots.dust:
            values.append(lots.dust[perpetual.key].value)
        return sum(values, Decimal(0)) * perpetual.contract_size

    def stated_entry(self, perpetual: Instrument) -> Decimal:
        """Entry value as the venue states it."""
        positions = self.venues[perpetual.venue].snapshot(self.stage.clock.now()).positions
        return sum((one.entry_value for one in positions if one.instrument == perpetual.key), Decimal(0))

    @invariant()
    def events_tell_every_move_of_cash(self) -> None:
        told: dict[tuple[str, str], Decimal] = {}
        for event in self.stage.told(BalanceChanged):
            key = (event.venue, event.currency)
            told[key] = told.get(key, Decimal(0)) + event.change
            assert event.after == told[key]
        assert told == self.parts.accounts.cash.balances

    def teardown(self) -> None:
        if not self.begun:
            return
        told = self.stage.finish()
        (report,) = [event for event in told if isinstance(event, PnlReported)]
        assert report.ledger_change == report.pnl.total
        closed = [event.trade for event in self.stage.told(TradeClosed)]
        live = [trade.view(self.parts.accounts) for trade in self.parts.execution.trades.values()]
        for part in ("spread", "slippage", "fees"):
            total = sum((getattr(trade.pnl, part) for trade in [*closed, *live]), Decimal(0))
            assert total == getattr(report.pnl, part), part
        assert rebuild(self.stage.events).differences == []
        applied = self.stage.told(FundingApplied)
        assert report.pnl.funding == sum((event.value for event in applied), Decimal(0))
        assert all(sum(event.shares.values()) == event.value for event in applied)


class ScriptedLedger(LedgerMachine):
    """Venues that fill in part, late, twice or not at all."""

    outcomes: ClassVar = st.builds(
        Outcome,
        share=st.sampled_from([Decimal(0), Decimal("0.3"), Decimal("0.7"), Decimal(1)]),
        refused=st.sampled_from(["", "", "", "ORDER_OFF_GRID"]),
        rests=st.booleans(),
        delay_ns=st.sampled_from([0, 0, SECOND, 3 * SECOND]),
        late_ns=st.sampled_from([0, 0, 0, SECOND, 9 * SECOND]),
        twice=st.booleans(),
        at_limit=st.booleans(),
    )

    def make_venues(self) -> dict[str, SimVenue]:
        return {
            name: ScriptedVenue(
                name, [one for one in INSTRUMENTS if one.venue == name], balances, {"BNB": FEE_RATES["BNB/USDT"]}
            )
            for name, balances in BALANCES.items()
        }

    @rule(name=st.sampled_from(list(BALANCES)), outcome=outcomes)
    def script(self, name: str, outcome: Outcome) -> None:
        venue = self.venues[name]
        assert isinstance(venue, ScriptedVenue)
        venue.script.append(outcome)

    def settle_funding(self, instrument: Instrument, rate: int) -> None:
        venue = self.venues[instrument.venue]
        assert isinstance(venue, ScriptedVenue)
        quantity = venue.books.traded.get(instrument.key, (Decimal(0), Decimal(0)))[0]
        if not quantity:
            return
        amount, now = -quantity * Decimal(rate) / 1000, self.stage.clock.now()
        payment = FundingPayment(
            payment_id=str(self.paid),
            instrument=instrument.key,
            amount=amount,
            currency=instrument.quote,
            rate=Decimal(rate) / 1000,
            quantity=quantity,
            ts=now,
            recv_ts=now,
        )
        venue.books.move(instrument.quote, amount)
        self.stage.give(payment, payment)  # told twice, booked once


class PaperLedger(LedgerMachine):
    """The paper venue with fills at the touch: accounts that are kept by a plugin, lot by lot."""

    def make_venues(self) -> dict[str, SimVenue]:
        venues: dict[str, SimVenue] = {}
        for name, balances in BALANCES.items():
            venues[name] = PaperVenue(name, TopFill(), balances, fee_rates=FEE_RATES)
            for instrument in INSTRUMENTS:
                if instrument.venue == name:
                    venues[name].list_instrument(instrument)
        return venues

    def settle_funding(self, instrument: Instrument, rate: int) -> None:
        now = self.stage.clock.now()
        self.stage.give(FundingRate(instrument.key, now + self.paid, now, rate / 10_000))


class InventoryLedger(PaperLedger):
    """A stock of coins, hedged by shorts that the paper venue opens at the first touch."""

    def routes(self) -> tuple[RouteSpec, ...]:
        return tuple(
            pair(
                *(next(one for one in INSTRUMENTS if one.key == leg.instrument) for leg in route.legs),
                name=route.id,
                rates={"KRW": "usdt_krw"},
                kind=RouteKind.INVENTORY,
                max_age_ns=10**18,
            )
            for route in ROUTES
        )

    def make_venues(self) -> dict[str, SimVenue]:
        venues = super().make_venues()
        for name, quantity in (("swap", Decimal("-1.75")), ("won", Decimal(-100))):
            venues[name] = PaperVenue(name, TopFill(), BALANCES[name], positions={"PERP": quantity})
            venues[name].list_instrument(PERP if name == "swap" else WON_PERP)
        return venues

    @initialize(price=PRICES, rate=RATES, first=st.sampled_from((PERP, WON_PERP)), jump=PRICES)
    def begin(self, price: float, rate: float, first: Instrument = PERP, jump: float = 100.0) -> None:
        """The first perpetual opens, and moves before trading begins: what it earned until then is no result."""
        self.stage.begin()
        self.tick("usdt_krw", rate)
        self.quote(first, price, 50.0)
        self.quote(first, jump, 50.0)
        self.tick("usdt_krw", rate * 1.01)
        self.tick("bnb_usdt", 500.0)
        for instrument in INSTRUMENTS:
            if instrument is not first:
                self.quote(instrument, price, 50.0)
        assert {lot.instrument for lot in self.parts.accounts.lots} == {one.key for one in INSTRUMENTS}
        self.note_start()


TestScriptedLedger = ScriptedLedger.TestCase
TestPaperLedger = PaperLedger.TestCase
TestInventoryLedger = InventoryLedger.TestCase
