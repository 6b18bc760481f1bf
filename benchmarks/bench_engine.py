"""Engine: stepping quotes through engine, venues, journal and a portfolio tier, against a bare loop in the same run.

The bare loop builds the same structs on the fly and calls a strategy that knows both legs and a rate.

    python -m benchmarks.bench_engine [quotes]
"""

import gc
import sys
from collections.abc import Callable
from decimal import Decimal
from time import process_time as cpu_seconds

from arbcore.hooks import ExchangeHooks, FillHooks, RiskHooks, StrategyHooks
from arbcore.model.market import Quote
from arbcore.plugins import hooks_of, load, settings_model_of
from arbcore.ports.venue import SimVenue
from arbcore.settings import PluginSettings
from arbcore.testing.session import Played, make_context, play
from benchmarks.market import CHUNK, PERPETUAL, SPOT, Columns

_DAY = 86_400 * 10**9
_PLUGINS = load(
    [
        (kind, name, "bench_engine")
        for kind, name in (("exchange", "paper"), ("fill", "top"), ("risk", "portfolio"), ("strategy", "spread"))
    ]
)
_STRATEGY = {
    "routes": [{"spot": "seoul", "perpetual": "world", "symbols": ["BTC"]}],
    "rate": "usdt_krw",
    "reference": {"kind": "fixed", "value_bps": 0},
    "enter_bps": 5,
    "exit_bps": -10,
    "notional": 1000,
    "max_age": "10s",
    "allow_thin_edge": True,
}
_TIER = {"trade_notional": 2000, "open_trades": 5, "daily_loss": 10000, "drawdown": 0.5}
_BALANCES = {"seoul": {"KRW": Decimal(50_000_000)}, "world": {"USDT": Decimal(30_000)}}


class BareStrategy:
    """Knows the last touch of both legs and a rate; compares the premium with two thresholds."""

    def __init__(self) -> None:
        self.spot_ask = self.spot_bid = self.perpetual_ask = self.perpetual_bid = 1.0
        self.rate = 1380.0
        self.hits = 0

    def on_quote(self, quote: Quote) -> None:
        """Take a quote."""
        if quote.instrument == "seoul:KRW-BTC":
            self.spot_bid, self.spot_ask = quote.bid, quote.ask
        else:
            self.perpetual_bid, self.perpetual_ask = quote.bid, quote.ask
        paid = self.spot_ask / (self.perpetual_bid * self.rate) - 1.0
        got = self.spot_bid / (self.perpetual_ask * self.rate) - 1.0
        if paid < -0.0028 or got > 0.0028:
            self.hits += 1


def bare(columns: Columns) -> float:
    """Return the seconds of the bare loop."""
    strategy = BareStrategy()
    on_quote = strategy.on_quote
    begun = cpu_seconds()
    for first in range(0, columns.count, CHUNK):
        for key, ts, recv_ts, bid, ask, bid_size, ask_size in columns.rows(first, first + CHUNK):
            on_quote(Quote(key, ts, recv_ts, bid, ask, bid_size, ask_size))
    return cpu_seconds() - begun


def whole(columns: Columns) -> tuple[float, Played]:
    """Return the seconds of a whole backtest, loading included, and what it did."""
    begun = cpu_seconds()
    played = play(
        columns.chunks(),
        (SPOT, PERPETUAL),
        _venues(),
        {
            "premium": hooks_of(_PLUGINS.get("strategy", "spread"), StrategyHooks).build_strategy(
                settings=_settings("strategy", use="spread", **_STRATEGY), context=make_context("premium")
            )
        },
        tiers=[
            (
                "portfolio",
                hooks_of(_PLUGINS.get("risk", "portfolio"), RiskHooks).build_risk_tier(
                    settings=_settings("risk", use="portfolio", **_TIER), context=make_context("portfolio")
                ),
            )
        ],
        rates={"usdt_krw": _DAY},
        keep_events=False,
    )
    return cpu_seconds() - begun, played


def _settings(kind: str, **values: object) -> PluginSettings:
    return settings_model_of(_PLUGINS.get(kind, str(values["use"]))).model_validate(values)


def _venues() -> dict[str, SimVenue]:
    venues = {}
    for instrument in (SPOT, PERPETUAL):
        model = hooks_of(_PLUGINS.get("fill", "top"), FillHooks).build_fill_model(
            settings=_settings("fill", use="top"), context=make_context("book")
        )
        context = make_context(
            "paper",
            venue=instrument.venue,
            instruments=(instrument,),
            balances=_BALANCES[instrument.venue],
            fill_model=model,
        )
        venue = hooks_of(_PLUGINS.get("exchange", "paper"), ExchangeHooks).open_venue(
            settings=_settings("exchange", use="paper", fill="book", balances=_BALANCES), context=context
        )
        assert isinstance(venue, SimVenue)
        venues[instrument.venue] = venue
    return venues


def best(run: Callable[[], float], rounds: int) -> float:
    """Return the shortest of several runs."""
    return min(run() for _ in range(rounds))


def main() -> None:
    """Print the figures: ratio to the bare loop, cost per quote and per trip at rising sizes."""
    million = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    gc.freeze()
    columns = Columns(million)
    bare_seconds = best(lambda: bare(columns), 3)
    seconds, played = min((whole(columns) for _ in range(3)), key=lambda pair: pair[0])
    quiet = best(lambda: whole(Columns(million, trips=0))[0], 2)
    trips = played.tally.trades
    print(f"bare loop            {million / bare_seconds:12,.0f} quotes/s")
    print(f"whole, nothing fires {million / quiet:12,.0f} quotes/s   {bare_seconds / quiet:.2f} of bare")
    ratio = bare_seconds / seconds
    print(f"whole, {trips:5d} trips   {million / seconds:12,.0f} quotes/s   {ratio:.2f} of bare (goal 0.20)")
    print(f"cost of a round trip {(seconds - quiet) / max(trips, 1) * 1e6:12,.0f} us")


if __name__ == "__main__":
    main()
