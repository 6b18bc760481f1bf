"""The picture of a running session: it fits its terminal, says what matters, and can't be steered by a venue."""

import re
from collections.abc import Mapping
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console, Group

from arbcore.cli._live import Look
from arbcore.cli._live_frame import frame
from arbcore.cli._live_plain import summary
from arbcore.cli._sentences import Sentence
from arbcore.model.trade import Pnl
from arbcore.runtime.stats import SessionStats
from tests.cli.pictures import COINS, STARTED, many_routes, rate, route, stats, trade, venue

NOTHING: Mapping[str, Any] = {
    "routes": {}, "venues": {}, "rates": {}, "trades": (), "pnl": None, "equity": None, "loop_avg_us": None,
    "loop_p99_us": None, "rss_mib": None,
}  # fmt: skip
MANY: Mapping[str, Any] = {"routes": many_routes(), "trades": tuple(trade(number) for number in range(9))}
LONG: Mapping[str, Any] = {
    "session": "a-session-with-a-very-long-name-" * 3,
    "routes": {"r": route("ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 4, 1.0, "INPUT_UNKNOWN_INSTRUMENT")},
    "venues": {"an-exchange-of-a-long-name" * 3: venue(connections={f"market-{n}": "MUTE" for n in range(30)})},
    "rates": {"usdt_krw": rate(source="a-source-of-a-long-name" * 8)},
}
MISSING: Mapping[str, Any] = {
    "rates": {"usdt_krw": rate(None, "", usable=False)},
    "routes": {"r": route("BTC", None, "RATE_MISSING")},
}
CASES = {"empty": NOTHING, "usual": {}, "many": MANY, "long": LONG, "missing": MISSING}


def look(shown: SessionStats | None, mode: str = "paper", seconds: float | None = 600, age_s: float = 0.1) -> Look:
    return Look(mode=mode, seconds=seconds, stats=shown, age_s=age_s, news=())


def news(count: int, text: str = "BTC trade hedged") -> list[Sentence]:
    return [Sentence(STARTED + number * 10**9, f"{text} {number}", "") for number in range(count)]


def picture(
    shown: SessionStats | None, width: int = 100, height: int = 40, told: int = 5, *, last: bool = False, **view: Any
) -> str:
    """Return what a terminal of that size shows."""
    console = Console(file=StringIO(), record=True, width=width, height=height, color_system=None)
    console.print(Group(*frame(look(shown, **view), news(told), width, height, last=last)))
    return console.export_text()


@pytest.mark.parametrize("told", [0, 2, 200])
@pytest.mark.parametrize(("width", "height"), [(80, 23), (100, 24), (120, 40), (200, 60), (40, 10), (20, 4)])
@pytest.mark.parametrize("case", CASES)
def test_it_fits_any_terminal(case: str, width: int, height: int, told: int) -> None:
    lines = picture(stats(**CASES[case]), width, height, told).splitlines()
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width
    assert lines[0].startswith(("kimchi", "a-session")[case == "long"][:9])


def test_it_is_as_it_is() -> None:
    expected = """\
kimchi  paper  RUNNING  0:01:30, 0:08:30 left  08:01:30Z
equity 65,123.46 USDT   PnL +2.23 USDT   trades 1 open, 3 closed (2 won)
spread +4.28  slippage 0.00  fees -1.80  funding 0.00  fx 0.00  unrealised -0.25

routes, bps  premium paid    got  edge forward  backward
BTC                 -26.2  -31.2         +26.2     -31.2  ready

open trades  state   direction     held     notional    realised  strategy
ETH 11       hedged  forward    0:00:01  997.62 USDT  -0.90 USDT  premium

venues   health   books  latency  oldest  connections
upbit    healthy  20/20  12.3 ms   0.2 s  2 connected
binance  healthy  20/20   8.0 ms   0.2 s  2 connected

rates, USDT        value    age          source
usdt_krw     1 / 1,383.6  0.4 s  usable  upbit:KRW-USDT

1,372 quotes/s   loop 35 us, p99 181 us   cpu 23 %   memory 120 MiB
123,456 quotes   321 conflated   987 events   129,000 recorded

08:00:02Z BTC trade hedged 2
08:00:03Z BTC trade hedged 3
08:00:04Z BTC trade hedged 4
"""
    shown = picture(stats(), width=80, height=23)
    assert [line.rstrip() for line in shown.splitlines()] == expected.splitlines()


def test_of_many_routes_those_with_the_best_edges_are_shown() -> None:
    shown = picture(stats(routes=many_routes(), trades=()), height=24)
    routes = re.findall(rf"^({'|'.join(COINS)}) ", shown, re.MULTILINE)
    assert routes == list(COINS[::-1][: len(routes)])
    assert 3 <= len(routes) < len(COINS)
    assert f"... {len(COINS) - len(routes)} more routes" in shown


def test_on_a_tall_terminal_all_routes_keep_their_order() -> None:
    shown = picture(stats(**MANY), height=60)
    assert re.findall(rf"^({'|'.join(COINS)}) .* (?:ready|stale)$", shown, re.MULTILINE) == list(COINS)
    assert "book stale" in shown
    assert "more" not in shown


def test_the_newest_events_are_shown_at_the_end() -> None:
    shown = picture(stats(), height=60, told=200).splitlines()
    assert shown[-1].endswith("hedged 199")
    assert sum("hedged 1" in line for line in shown) == 15


def test_what_is_missing_is_not_made_up() -> None:
    shown = picture(stats(**MISSING, pnl=None, equity=None))
    assert "no value yet" in shown
    assert "no entries on it" in shown
    assert "equity not known yet   PnL not known yet" in shown
    assert re.search(r"^BTC +- +- +- +-  rate missing$", shown, re.MULTILINE)
    assert "spread" not in shown


def test_before_the_first_statistics_it_says_so() -> None:
    shown = picture(None, told=2)
    assert shown.splitlines()[0].rstrip() == "paper  starting: no statistics yet"
    assert "hedged 1" in shown


def test_old_statistics_are_said_to_be_old() -> None:
    assert "no statistics for 7 s" in picture(stats(), age_s=7.2)
    assert "no statistics" not in picture(stats(), age_s=2.0)


def test_a_monitor_shows_no_money() -> None:
    shown = picture(stats(mode="monitor", **MANY), mode="monitor", height=60)
    assert "BTC" in shown
    for word in ("PnL", "open trades", "equity", "realised"):
        assert word not in shown


def test_the_last_picture_says_that_it_ended() -> None:
    shown = picture(stats(), last=True)
    assert "kimchi  paper  ended  0:01:30  08:01:30Z" in shown
    assert "left" not in shown


def test_troubles_are_named() -> None:
    down = venue(health="down", connections={"market": "RECONNECTING", "trade": "CONNECTED"}, books=(0, 20))
    shown = picture(stats(venues={"upbit": down}, dropped=5, unobserved=6, trades=(trade(2, "frozen"),)))
    assert re.search(r"^upbit +down +0/20 .*market reconnecting, 1 connected$", shown, re.MULTILINE)
    assert "5 inputs dropped, 6 events not seen by sinks" in shown
    assert "frozen" in shown


def test_routes_of_one_symbol_are_told_apart() -> None:
    both = {f"premium/BTC/upbit-{name}": route("BTC", 1.0) for name in ("binance", "bybit")}
    shown = picture(stats(routes=both))
    assert "premium/BTC/upbit-binance" in shown
    assert "premium/BTC/upbit-bybit" in shown


def test_large_amounts_take_two_lines_instead_of_being_cut() -> None:
    part = Decimal("-1234567.891")
    big = Pnl(spread=part, slippage=part, fees=part, funding=part, fx=part, unrealised=part)
    shown = picture(stats(pnl=big), width=80)
    assert shown.count("-1,234,567.89") == 6


@pytest.mark.parametrize("code", ["\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\r", "\x07", "\u202e", "\x00"])
def test_no_text_from_a_venue_steers_the_terminal(code: str) -> None:
    nasty = f"a{code}b"
    shown = stats(
        routes={"r": route(nasty, 1.0, nasty)},
        rates={"usdt_krw": rate(source=nasty)},
        venues={"upbit": venue(connections={nasty: "MUTE"})},
        session=nasty,
    )
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=100, height=40, color_system=None)
    console.print(Group(*frame(look(shown), (), 100, 40)))
    assert code not in stream.getvalue()
    assert code not in summary(look(shown), shown)


def test_markup_is_text() -> None:
    assert "[red]x[/red]" in picture(stats(session="[red]x[/red]"))


def test_wide_letters_keep_the_columns() -> None:
    shown = picture(stats(routes={"a": route("비트코인", 1.0), "b": route("ETH", 2.0)}, trades=()))
    rows = [line for line in shown.splitlines() if line.rstrip().endswith("ready")]
    assert len({cell_len(row[: row.index("ready")]) for row in rows}) == 1


def test_a_line_sums_a_session_up() -> None:
    assert summary(look(stats()), stats()) == (
        "2026-01-01T08:01:30Z kimchi: paper RUNNING 0:01:30, 0:08:30 left, PnL +2.23 USDT, "
        "trades 1 open, 3 closed (2 won), best edge BTC +26.2 bps, upbit healthy, binance healthy, "
        "1,372 quotes/s, loop 35 us, p99 181 us"
    )


def test_a_line_of_a_monitor_has_no_money() -> None:
    shown = stats(mode="monitor", loop_avg_us=None)
    assert summary(look(shown, mode="monitor", seconds=None), shown) == (
        "2026-01-01T08:01:30Z kimchi: monitor RUNNING 0:01:30, best edge BTC +26.2 bps, "
        "upbit healthy, binance healthy, 1,372 quotes/s"
    )
