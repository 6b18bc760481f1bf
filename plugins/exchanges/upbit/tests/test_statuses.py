from datetime import UTC, datetime
from typing import Any

import pytest

from arbcore.model.input import InstrumentStatus
from arbcore_exchange_upbit.protocol.frames import TickerFrame, read_frame
from arbcore_exchange_upbit.protocol.replies import read_markets
from arbcore_exchange_upbit.protocol.statuses import StatusBoard, delisting_time
from plugins.exchanges.upbit.tests.samples import MS, NOW, T0, S, market, raw, reply, ticker_frame

KEYS = {"KRW-BTC": "upbit:KRW-BTC", "KRW-XRP": "upbit:KRW-XRP"}
DEC_1_SEOUL = int(datetime(2026, 11, 30, 15, tzinfo=UTC).timestamp()) * S


def listing(board: StatusBoard, *markets: dict[str, Any]) -> list[InstrumentStatus]:
    return list(board.on_listing(read_markets(reply(markets)), NOW))


def ticker(board: StatusBoard, *args: Any) -> list[InstrumentStatus]:
    frame = read_frame(raw(ticker_frame(*args)))
    assert isinstance(frame, TickerFrame)
    return list(board.on_ticker(frame, NOW + 1))


def test_each_market_is_told_once_and_then_on_every_change() -> None:
    board = StatusBoard(KEYS)
    both = listing(board, market(), market("KRW-XRP"))
    assert both == [InstrumentStatus(instrument=key, trading=True, ts=NOW, recv_ts=NOW) for key in KEYS.values()]
    assert listing(board, market(), market("KRW-XRP")) == []
    (warned,) = listing(board, market(), market("KRW-XRP", warning=True, cautions=["PRICE_FLUCTUATIONS"]))
    assert (warned.instrument, warned.warnings) == ("upbit:KRW-XRP", ("price_fluctuations", "warning"))
    (calm,) = listing(board, market(), market("KRW-XRP"))
    assert calm.warnings == ()


def test_a_ticker_that_says_nothing_new_is_not_told() -> None:
    board = StatusBoard(KEYS)
    assert len(ticker(board)) == 1
    assert ticker(board) == []
    assert [status.instrument for status in listing(board, market(), market("KRW-XRP"))] == ["upbit:KRW-XRP"]


@pytest.mark.parametrize(
    ("state", "trading", "warnings"),
    [
        ("PREVIEW", False, ()),
        ("ACTIVE", True, ()),
        ("PREDELISTING", True, ("predelisting",)),
        ("DELISTED", False, ()),
        ("SOMETHING_NEW", False, ()),
        ("", True, ()),
    ],
)
def test_market_states(state: str, trading: bool, warnings: tuple[str, ...]) -> None:
    (status,) = ticker(StatusBoard(KEYS), "KRW-BTC", state)
    assert (status.trading, status.warnings, status.ts) == (trading, warnings, T0 * MS)


def test_warnings_and_states_come_together() -> None:
    board = StatusBoard(KEYS)
    listing(board, market(warning=True), market("KRW-XRP"))
    (status,) = ticker(board, "KRW-BTC", "PREDELISTING", "2026-12-01")
    assert (status.warnings, status.delisting_ts) == (("predelisting", "warning"), DEC_1_SEOUL)
    (gone,) = listing(board, market("KRW-XRP"))
    assert (gone.instrument, gone.trading, gone.warnings) == ("upbit:KRW-BTC", False, ("predelisting", "warning"))


@pytest.mark.parametrize(
    ("value", "ts"),
    [
        (None, 0),
        ("", 0),
        ("2026-12-01", DEC_1_SEOUL),
        ("20261201", DEC_1_SEOUL),
        (20261201, DEC_1_SEOUL),
        ("2026-12-01T15:00:00+09:00", DEC_1_SEOUL),
        ({"year": 2026, "month": 12, "day": 1}, DEC_1_SEOUL),
        ("soon", None),
        ("2026-13-01", None),
        ("202612011", None),
        ({"year": 2026}, None),
        ({"year": "2026", "month": 12, "day": 1}, None),
        ({"year": 10**40, "month": 12, "day": 1}, None),
        ([2026, 12, 1], None),
        (True, None),
        (1e300, None),
    ],
    ids=repr,
)
def test_dates(value: Any, ts: int | None) -> None:
    assert delisting_time(value) == ts


@pytest.mark.parametrize("date", ["next week", "2826-12-01", "1999-12-01"])
def test_an_end_that_can_not_be_read_or_believed_is_a_warning(date: str) -> None:
    (status,) = ticker(StatusBoard(KEYS), "KRW-BTC", "ACTIVE", date)
    assert (status.delisting_ts, status.warnings) == (0, ("delisting_date_unread",))
