"""Damaged messages of every kind, through the decoders and through the protocol layer.

What comes out is valid market data or an `ExchangeError`, never anything else.
"""

import math
import os
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from arbcore.errors import ExchangeError
from arbcore.model.input import InstrumentStatus
from arbcore.model.market import Book, BookInvalid, FxRate, PublicTrade
from arbcore.model.reason import Reason
from arbcore.net.protocol import Fetch, Heard, Send
from arbcore.net.request import Reply
from arbcore_exchange_upbit.listing import codes, exceptions
from arbcore_exchange_upbit.protocol import replies
from arbcore_exchange_upbit.protocol.frames import read_frame
from arbcore_exchange_upbit.protocol.ladders import sides
from arbcore_exchange_upbit.protocol.limits import penalties, read_usage
from arbcore_exchange_upbit.protocol.rate_stream import RateStream
from arbcore_exchange_upbit.protocol.stream import CONFIRM, LISTING, POLL
from plugins.exchanges.upbit.tests.mutations import mutate
from plugins.exchanges.upbit.tests.samples import (
    MS,
    NOW,
    T0,
    S,
    book_frame,
    market,
    opened,
    orderbook,
    reply,
    stream,
    ticker_frame,
    trade_frame,
)

CODES = ("KRW-BTC", "KRW-ETH")
KEYS = {f"upbit:{code}" for code in CODES}
FRAMES: dict[str, Any] = {
    "orderbook": book_frame(),
    "trade": trade_frame(),
    "ticker": ticker_frame(delisting="2026-12-01"),
    "error": {"error": {"name": "WRONG_FORMAT", "message": "Format is wrong"}},
    "status": {"status": "UP"},
    "subscriptions": {"method": "LIST_SUBSCRIPTIONS", "result": [{"type": "ticker", "codes": ["KRW-BTC"]}]},
}
TICK = {"market": "KRW-BTC", "quote_currency": "KRW", "tick_size": "1000", "supported_levels": ["0", "10000"]}
TICKER = {"market": "KRW-BTC", "trade_price": 147_058_000, "timestamp": T0}
REPLIES: dict[str, tuple[Any, Callable[[Reply], Any]]] = {
    "markets": ([market(), market("KRW-ETH", warning=True)], replies.read_markets),
    "orderbooks": ([orderbook(), orderbook("KRW-ETH")], replies.read_orderbooks),
    "instruments": ([TICK, {**TICK, "market": "KRW-ETH"}], replies.read_orderbook_instruments),
    "tickers": ([TICKER, {**TICKER, "market": "KRW-ETH"}], replies.read_tickers),
    "refusal": ({"error": {"name": 404, "message": "Code not found"}}, replies.read_orderbooks),
}
STATUSES = (200, 200, 200, 200, 201, 400, 404, 418, 429, 500)

CASES = 200_000 if os.environ.get("ARBCORE_COUNTS") == "full" else 5_000
EACH = CASES // (2 * len(FRAMES) + 2 * len(REPLIES))


def check(items: Sequence[Heard], now: int) -> None:
    for item in items:
        if isinstance(item, Fetch | Send):
            continue
        if isinstance(item, FxRate):
            assert 0.0 < item.bid < item.ask < math.inf
            continue
        assert isinstance(item, Book | BookInvalid | PublicTrade | InstrumentStatus)
        assert item.instrument in KEYS
        assert item.recv_ts == now
        assert 0 <= item.ts < 2**63
        if isinstance(item, Book):
            check_book(item)
        elif isinstance(item, PublicTrade):
            assert 0.0 < item.price < math.inf
            assert 0.0 < item.size < math.inf
        elif isinstance(item, BookInvalid):
            assert item.reason in set(Reason)
        else:
            assert list(item.warnings) == sorted(item.warnings)
            assert -(2**63) < item.delisting_ts < 2**63


def check_book(book: Book) -> None:
    numbers = [number for level in (*book.bids, *book.asks) for number in level]
    assert all(type(number) is float and 0.0 < number < math.inf for number in numbers)
    assert all(better[0] > worse[0] for better, worse in pairwise(book.bids))
    assert all(better[0] < worse[0] for better, worse in pairwise(book.asks))
    assert book.bids[0][0] < book.asks[0][0]


def outcome(counts: Counter[str], attempt: Callable[..., Any], *args: Any) -> Any:
    """What an attempt returns; None after an `ExchangeError`. Any other exception fails the test."""
    try:
        found = attempt(*args)
    except ExchangeError as error:
        counts["refused"] += 1
        counts["longest"] = max(counts["longest"], len(error.what))
        return None
    counts["taken"] += 1
    return found


def check_counts(counts: Counter[str], taken: bool = True) -> None:
    """Both outcomes were met often, and no error carries a whole message of the venue into a log."""
    assert counts["refused"] > EACH // 20
    assert not taken or counts["taken"] > EACH // 20
    assert counts["longest"] < 1_000


@pytest.mark.parametrize("kind", FRAMES)
def test_decoder_of_frames(kind: str) -> None:
    random, counts = Random(f"frames {kind}"), Counter[str]()
    for _ in range(EACH):
        data = mutate(random, FRAMES[kind])
        outcome(counts, read_frame, data)
    check_counts(counts, taken=kind != "error")


@pytest.mark.parametrize("kind", FRAMES)
def test_stream(kind: str) -> None:
    random, counts, now = Random(f"stream {kind}"), Counter[str](), NOW
    for n in range(EACH):
        if n % 50 == 0:
            # Made anew so that one frame with a far time or an odd book does not hide the ones after it.
            market_stream, rate = opened(CODES), RateStream(opened(CODES), "usdt_krw", "upbit", S)
        now += 1_000
        fresh = {"timestamp": T0 + n, "sequential_id": n} if kind in {"orderbook", "trade"} else {}
        data = mutate(random, {**FRAMES[kind], **fresh})
        for made in (market_stream, rate):
            check(outcome(counts, made.received, data, now) or (), now)
    check_counts(counts, taken=kind != "error")


@pytest.mark.parametrize("kind", REPLIES)
def test_decoder_of_replies(kind: str) -> None:
    random, counts = Random(f"replies {kind}"), Counter[str]()
    message, read = REPLIES[kind]
    for _ in range(EACH):
        answer = reply(mutate(random, message), random.choice(STATUSES), {"remaining-req": odd_header(random)})
        found = outcome(counts, read, answer)
        if kind == "orderbooks" and isinstance(found, list):
            for one in found:
                outcome(Counter(), sides, one.orderbook_units)
        check_around(kind, found)
        assert all(usage.remaining is not None and usage.remaining >= 0 for usage in read_usage(answer))
        assert penalties(60 * S)(answer, random.randrange(1, 9)) > 0
    check_counts(counts, taken=kind != "refusal")


def check_around(kind: str, found: Any) -> None:
    """What instruments are made from takes whatever a decoder took."""
    if kind == "markets" and found is not None:
        assert all(code.startswith("KRW-") for code in codes(found, "KRW"))
        assert all(list(one.warnings) == sorted(one.warnings) for one in found)
    if kind == "instruments" and found is not None:
        prices = replies.read_tickers(reply(REPLIES["tickers"][0]))
        assert all(tick > 0 for tick in exceptions(prices, found).values())
    if kind == "tickers" and found is not None:
        exceptions(found, replies.read_orderbook_instruments(reply(REPLIES["instruments"][0])))


def odd_header(random: Random) -> str:
    header = list("group=orderbook; min=600; sec=9")
    for _ in range(random.randrange(3)):
        header[random.randrange(len(header))] = random.choice("0 9;=g\x00é")
    return "".join(header)


@pytest.mark.parametrize("kind", REPLIES)
def test_answers_to_a_stream(kind: str) -> None:
    random, told, now = Random(f"answers {kind}"), 0, NOW
    for n in range(EACH):
        if n % 50 == 0:
            up, down = opened(CODES), stream(CODES)
        now += MS
        tag = random.choice((CONFIRM, POLL, LISTING))
        answer = reply(mutate(random, REPLIES[kind][0]), random.choice(STATUSES))
        for made in (up, down):
            heard = list(made.fetched(tag, answer, now))
            check(heard, now)
            told += len(heard)
            check([item for item in made.tick(now, connected=made is up) if not isinstance(item, Book)], now)
    assert told > 0 or kind not in {"markets", "orderbooks"}
