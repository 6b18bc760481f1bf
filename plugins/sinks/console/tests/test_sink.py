"""What people see: one line an event, plain where it is no terminal, and nothing that a venue could make act."""

import io
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given

from arbcore.model.events import (
    AlertRaised,
    Envelope,
    Event,
    FeeCharged,
    PnlReported,
    RiskGuardRejected,
    TradeClosed,
    TradeOpened,
)
from arbcore.model.state import Severity
from arbcore.model.trade import Pnl, Trade, TradeState
from arbcore.settings import PluginSettings
from arbcore.testing.events import envelopes, numbered
from arbcore.testing.stores import store_context
from arbcore_sink_console.lines import _RULES, exact, line_of, printable
from arbcore_sink_console.settings import ConsoleSettings, Group
from arbcore_sink_console.sink import ConsoleSink

TRADE = Trade(
    id="0A", strategy="s", route="s/BTC/upbit-binance", symbol="BTC", state=TradeState.OPEN, forward=True, legs=(),
    opened_at=1, notional=Decimal("1000.456"), entry_edge_bps=31.24, entry_reason="EDGE_ENTER",
    exit_reason="EDGE_REVERTED", pnl=Pnl(spread=Decimal("3.14159"), fees=Decimal("-1.5")),
)  # fmt: skip
ALERT = AlertRaised(rule="stale", severity=Severity.P1, source="upbit", text="the book is old")
TIME = 1_700_000_000_123_456_789


def envelope(event: Event) -> Envelope:
    return Envelope(1, TIME, 0, "", event)


async def shown(tmp_path: Path, settings: ConsoleSettings, *events: Event) -> None:
    async with ConsoleSink(settings, store_context(tmp_path)) as sink:
        await sink.write(numbered([(TIME, "", event) for event in events]))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (TradeOpened(trade=TRADE), ("trades       0A opens BTC forward on s/BTC/upbit-binance: 1,000.46 USDT, "
         "edge 31.2 bps (EDGE_ENTER)")),
        (TradeClosed(trade=TRADE), ("trades       0A closed BTC: 1.64 USDT (spread 3.14 USDT, slippage 0.00 USDT, "
         "fees -1.50 USDT, funding 0.00 USDT; EDGE_REVERTED)")),
        (ALERT, "alerts       P1 stale (upbit): the book is old"),
        (FeeCharged(fill_id="f", amount=Decimal("1E+2"), currency="KRW", value=Decimal(1)), "money        fee 100 KRW"),
        (PnlReported(pnl=Pnl(spread=Decimal(2)), ledger_change=Decimal(2)),
         "trades       session result 2.00 USDT, ledger 2.00 USDT"),
    ],
)  # fmt: skip
def test_lines(event: Event, line: str) -> None:
    seen = line_of(envelope(event), "USDT")
    assert seen is not None
    assert seen.plain == f"2023-11-14T22:13:20.123Z  {line}"


@given(envelopes())
def test_any_event_is_one_printable_line_or_none(event: Envelope) -> None:
    line = line_of(event, "KRW")
    assert (line is None) == (type(event.event) not in _RULES)
    if line is not None:
        assert line.plain.isprintable()
        assert line.group in get_args(Group)


def test_amounts_stay_readable() -> None:
    assert exact(Decimal("0.00012300")) == "0.00012300"
    assert exact(Decimal("1E+400")) == "1E+400"


def test_terminal_codes_are_shown_and_not_obeyed() -> None:
    assert printable("a\x1b[2Jb\r\nc\u202e\ud800") == "a\\x1b[2Jb\\r\\nc\\u202e\\ud800"


@pytest.mark.anyio
async def test_plain_lines_where_it_is_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await shown(tmp_path, ConsoleSettings(use="console"), ALERT, TradeOpened(trade=TRADE))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "2023-11-14T22:13:20.123Z  alerts       P1 stale (upbit): the book is old",
        (
            "2023-11-14T22:13:20.123Z  trades       0A opens BTC forward on s/BTC/upbit-binance: 1,000.46 USDT, "
            "edge 31.2 bps (EDGE_ENTER)"
        ),
    ]


@pytest.mark.anyio
async def test_colours_on_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await shown(tmp_path, ConsoleSettings(use="console", color="always"), ALERT)
    err = capsys.readouterr().err
    assert re.match(r"\x1b\[[0-9;]+m2023-11-14T22:13:20.123Z  alerts", err)
    assert "[bold]" not in err
    plain = AlertRaised(rule="r", severity=Severity.P3, source="s", text="[red]no markup[/red]")
    await shown(tmp_path, ConsoleSettings(use="console", color="always"), plain)
    assert "[red]no markup[/red]" in capsys.readouterr().err


@pytest.mark.anyio
async def test_only_the_chosen_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await shown(tmp_path, ConsoleSettings(use="console", show=("trades",), stream="stdout"), ALERT)
    await shown(tmp_path, ConsoleSettings(use="console", show=("alerts",), stream="stdout"), ALERT)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err == ""


@pytest.mark.anyio
async def test_a_narrow_encoding_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
    refused = RiskGuardRejected(
        tier="위험", first_tier="", verdict="block", reason="R", strategy="s", route="r", notional="1"
    )
    await shown(tmp_path, ConsoleSettings(use="console"), refused)
    assert b"\\uc704\\ud5d8 refuses s on r" in raw.getvalue()


def test_the_readme_lists_every_setting_with_its_default() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    for name in ConsoleSettings.model_fields.keys() - PluginSettings.model_fields.keys():
        assert f"| `{name}` | " in readme, name
