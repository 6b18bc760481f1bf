"""Quiet stretches and quotes kept back change nothing: the events are those of stepping every input."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.engine.engine import Engine
from arbcore.model.market import MarketInput
from arbcore.ports.venue import SimVenue
from arbcore.testing.session import Played, play
from arbcore_exchange_paper.delayed import DelayedVenue
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_fill_top.model import TopFill
from tests.runtime.runs import BALANCES, INSTRUMENTS, SECOND, FixedLatency, chunked, market, strategy, tier, venues


class EveryQuote(PaperVenue):
    """A paper venue that asks for every quote, so that none is kept back and no stretch is quiet."""

    def watches(self, instrument: str) -> bool:
        """Ask for it."""
        return True


def watching(latency: FixedLatency | None) -> dict[str, SimVenue]:
    made: dict[str, SimVenue] = {}
    for name, balances in BALANCES.items():
        plain = EveryQuote(name, TopFill(), balances)
        made[name] = plain if latency is None else DelayedVenue(plain, latency)
        for instrument in INSTRUMENTS:
            if instrument.venue == name:
                made[name].list_instrument(instrument)
    return made


def played(items: Sequence[MarketInput], made: dict[str, SimVenue], size: int, **options: object) -> Played:
    return play(
        chunked(items, size),
        INSTRUMENTS,
        made,
        {"premium": strategy(**options)},
        tiers=[("portfolio", tier())],
        rates={"usdt_krw": 60 * SECOND},
    )


@given(
    seed=st.integers(0, 10**6),
    enter=st.integers(1, 25),
    leave=st.integers(-10, 5),
    size=st.sampled_from([50, 173, 400]),
    latency=st.sampled_from([None, FixedLatency(0, 10**7), FixedLatency(3 * 10**8, 2 * 10**8)]),
    bad=st.sampled_from([0.0, 0.05]),
)
def test_skipping_gives_the_same_events(
    seed: int, enter: int, leave: int, size: int, latency: FixedLatency | None, bad: float
) -> None:
    items = market(seed, 400, bad=bad)
    options: dict[str, object] = {"enter_bps": enter, "exit_bps": leave}
    skipping = played(items, venues(latency), size, **options)
    stepping = played(items, watching(latency), 400, **options)
    assert skipping.events == stepping.events
    assert skipping.hash == stepping.hash
    assert (skipping.run.quotes, skipping.run.inputs) == (stepping.run.quotes, stepping.run.inputs)
    report = skipping.tally.report
    assert report is not None
    assert report.ledger_change == report.pnl.total


def test_a_long_run_skips_and_gives_the_same_events(monkeypatch: pytest.MonkeyPatch) -> None:
    items = market(21, 6000)
    taken: list[int] = []
    original = Engine.skip_quiet

    def counted(self: Engine, chunk: Sequence[MarketInput], start: int, due: int) -> tuple[int, int]:
        answer = original(self, chunk, start, due)
        taken.append(answer[0] - start)
        return answer

    monkeypatch.setattr(Engine, "skip_quiet", counted)
    skipping = played(items, venues(), 1000)
    assert sum(taken) > 3000
    assert skipping.tally.trades > 20
    monkeypatch.setattr(Engine, "skip_quiet", lambda self, chunk, start, due: (start, 0))
    stepping = played(items, venues(), 1000)
    assert skipping.events == stepping.events
    assert skipping.hash == stepping.hash
    assert skipping.engine.parts.valuation.equity() == stepping.engine.parts.valuation.equity()
