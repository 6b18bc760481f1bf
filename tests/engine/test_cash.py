"""Cash: looking at what rates made of balances changes nothing, to the last digit."""

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from arbcore.engine.ledger import Cash
from arbcore.model.money import EXACT

RATES = st.sampled_from(["0.000700000000", "0.000714285714", "0.000725000000"]).map(Decimal)


@given(st.lists(st.tuples(RATES, st.integers(-5, 5), st.booleans()), min_size=1, max_size=30))
def test_a_ledger_that_was_looked_at_is_equal_to_one_that_was_not(steps: list[tuple[Decimal, int, bool]]) -> None:
    rate = [Decimal("0.000714285714")]
    watched, unwatched = (Cash(lambda currency: rate[0]) for _ in range(2))
    with localcontext(EXACT):
        for cash in (watched, unwatched):
            cash.post("seoul", "KRW", Decimal(50_000_000), "opening")
            cash.start()
        for now, amount, looks in steps:
            rate[0] = now
            if looks:
                watched.fx()
            if amount:
                for cash in (watched, unwatched):
                    cash.post("seoul", "KRW", Decimal(amount), "fill")
        assert str(watched.fx()) == str(unwatched.fx())


def test_a_rate_that_came_back_leaves_nothing_but_what_was_posted_between() -> None:
    rate = [Decimal("0.5")]
    cash = Cash(lambda currency: rate[0])
    with localcontext(EXACT):
        cash.post("seoul", "KRW", Decimal(100), "opening")
        cash.start()
        rate[0] = Decimal("0.6")
        assert cash.fx() == cash.fx() == Decimal(10)
        cash.post("seoul", "KRW", Decimal(100), "fill")
        rate[0] = Decimal("0.5")
        assert cash.fx() == Decimal(-10)
