"""Damaged messages of every kind, through decoders and connections: valid items or an `ExchangeError`, nothing else."""

import json
import math
import os
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from arbcore.errors import ExchangeError
from arbcore.model.instrument import FeeSchedule
from arbcore.model.market import Book, BookInvalid, FundingRate, MarkPrice, PublicTrade, Quote
from arbcore.model.money import ZERO
from arbcore.net.protocol import Fetch, Heard, Reconnect, Resyncing
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol import replies
from arbcore_exchange_binance.protocol.books import BookMode, Books
from arbcore_exchange_binance.protocol.failures import failure
from arbcore_exchange_binance.protocol.frames import read_frame
from arbcore_exchange_binance.protocol.funding import Funding
from arbcore_exchange_binance.protocol.limits import penalty, read_usage
from arbcore_exchange_binance.protocol.marks import Marks
from arbcore_exchange_binance.protocol.product import SPOT, USDM
from arbcore_exchange_binance.protocol.statuses import Statuses
from arbcore_exchange_binance.protocol.stream import BinanceStream
from plugins.exchanges.binance.tests import samples
from plugins.exchanges.binance.tests.samples import KEYS, START, S

CASES = 200_000 if os.environ.get("ARBCORE_COUNTS") == "full" else 5_000
FEES = FeeSchedule(ZERO, ZERO)
VALUES: tuple[Any, ...] = (
    None, True, "", "NaN", "1.5", "-1", "1e999", "BTCUSDT", "\x00", 0, -1, 2, 0.5, 1e308, 2**63, 10**30,
    9_000_000_000_000, [], {}, [[]], [["1", "2"]], {"code": []},
)  # fmt: skip
FRAMES: tuple[Any, ...] = (
    {"stream": "btcusdt@bookTicker", "data": samples.TICKER},
    {"stream": "btcusdt@bookTicker", "data": samples.SPOT_TICKER},
    {"stream": "btcusdt@depth@100ms", "data": samples.DEPTH},
    {"stream": "btcusdt@depth5@100ms", "data": samples.SPOT_PARTIAL},
    {"stream": "btcusdt@markPrice@1s", "data": samples.MARK},
    {"stream": "btcusdt@aggTrade", "data": samples.TRADE},
    samples.TICKER,
    samples.SPOT_TRADE,
    {"result": None, "id": 1},
    {"code": 2, "msg": "Invalid request"},
    {"e": "serverShutdown", "E": 1},
)
REPLIES: dict[str, Any] = {
    "depth:BTCUSDT": samples.SNAPSHOT,
    "confirm": [samples.TOUCH, {**samples.TOUCH, "symbol": "ETHUSDT"}],
    "confirm:BTCUSDT": samples.TOUCH,
    "poll": [samples.TOUCH],
    "premium": [samples.PREMIUM, samples.DATED_PREMIUM],
    "settled:BTCUSDT": samples.SETTLEMENTS,
    "intervals": samples.INTERVALS,
    "listing": {"symbols": [samples.listed("BTCUSDT"), samples.listed("ETHUSDT")]},
    "failure": {"code": -1121, "msg": "Invalid symbol."},
}


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container of a message with each of its keys."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [place for key in keys for place in ((node, key), *places(node[key]))]


def damage(random: Random, message: Any) -> bytes:
    """A message with faults in its values, in its bytes, in both, or now and then in neither."""
    message = json.loads(json.dumps(message))
    for _ in range(random.choice((0, 1, 1, 2))):
        if found := places(message):
            node, key = random.choice(found)
            if random.random() < 0.2:
                del node[key]
            else:
                node[key] = deepcopy(random.choice(VALUES))
    data = bytearray(json.dumps(message).encode())
    for _ in range(random.choice((0, 0, 1, 3))):
        at = random.randrange(len(data) + 1)
        match random.randrange(4):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del data[at:]
            case 2:
                data[at:at] = random.choice((b"NaN", b"1e999", b'"', b"}", b"[[", b"-", b"9" * 40, b"\xff", b"\\u0000"))
            case _:
                data[at:at] = data[at : at + 20]
    return bytes(data)


def is_valid(one: Heard) -> bool:
    """Whether an item is one that the engine may get."""
    if isinstance(one, (Fetch, Reconnect, Resyncing, BookInvalid)):
        return True
    assert isinstance(one, (Quote, Book, PublicTrade, MarkPrice, FundingRate))
    times = [one.ts, one.recv_ts]
    if isinstance(one, Quote):
        numbers, more = [one.bid, one.ask, one.bid_size, one.ask_size], one.bid < one.ask
    elif isinstance(one, Book):
        levels = [*one.bids, *one.asks]
        numbers, more = [number for level in levels for number in level], bool(one.bids and one.asks)
        more = more and one.bids[0][0] < one.asks[0][0] and all(a[0] > b[0] for a, b in pairwise(one.bids))
    elif isinstance(one, PublicTrade):
        numbers, more = [one.price, one.size], type(one.buyer_took) is bool
    elif isinstance(one, MarkPrice):
        numbers, more = [one.mark, one.index], True
    else:
        times += [one.next_ts, one.interval_ns]
        numbers, more = [1.0 + one.rate + 10], True
    return more and all(math.isfinite(n) and n > 0 for n in numbers) and all(0 <= t < 2**63 for t in times)


def connection(kind: int) -> BinanceStream:
    if kind == 0:
        marks = Marks(KEYS, Funding(KEYS, S), mute_after=15 * S, poll_interval=S)
        return BinanceStream("ws://h", KEYS, books=None, marks=marks, trades=True)
    mode: BookMode = ("ticker", "partial", "diff")[kind % 3]
    books = Books(SPOT if kind > 3 else USDM, KEYS, mode, 5, confirm_after=S, poll_interval=S)
    return BinanceStream("ws://h", KEYS, books=books, marks=None, trades=kind > 3)


def answer(random: Random, body: bytes) -> Reply:
    return samples.reply(body, random.choice((200, 200, 200, 200, 418, 503)))


def test_frames() -> None:
    random, seen = Random(3), Counter[str]()
    for number in range(CASES):
        try:
            seen[type(read_frame(damage(random, FRAMES[number % len(FRAMES)])).message).__name__] += 1
        except ExchangeError as error:
            seen[type(error).__name__] += 1
    assert {"Ticker", "Depth", "Partial", "Mark", "Trade", "Shutdown", "Ignored"} < seen.keys()
    assert seen["ExchangeError"] > CASES // 20


def readers() -> dict[str, Callable[[Reply], object]]:
    def listing(reply: Reply) -> object:
        symbols = replies.read_symbols(reply)
        Statuses(USDM, KEYS).read(symbols, START)
        return replies.read_instruments(symbols, venue="binance", product="usdm", fees=FEES)

    return {
        "depth:BTCUSDT": replies.read_depth,
        "confirm": replies.read_touches,
        "confirm:BTCUSDT": replies.read_touches,
        "poll": replies.read_touches,
        "premium": lambda reply: replies.read_premiums(reply, KEYS),
        "settled:BTCUSDT": replies.read_settlements,
        "intervals": replies.read_intervals,
        "listing": listing,
        "failure": lambda reply: failure(reply, "x"),
    }


def test_replies() -> None:
    random, seen, read = Random(4), Counter[str](), readers()
    for number in range(CASES):
        tag = list(REPLIES)[number % len(REPLIES)]
        reply = answer(random, damage(random, REPLIES[tag]))
        assert all(usage.used is None or usage.used >= 0 for usage in read_usage(reply))
        assert 0 < penalty(reply, number % 5) <= 3 * 86_400 * S
        try:
            read[tag](reply)
            seen[tag] += 1
        except ExchangeError as error:
            seen[type(error).__name__] += 1
    assert REPLIES.keys() < seen.keys()
    assert seen["ExchangeError"] > CASES // 20


@pytest.mark.parametrize("kind", range(7))
def test_connections(kind: int) -> None:
    random, seen, now = Random(kind), Counter[str](), START
    stream = connection(kind)

    def step() -> Sequence[Heard]:
        draw = random.random()
        if draw < 0.7:
            return stream.received(damage(random, random.choice(FRAMES)), now)
        if draw < 0.9:
            tag = random.choice(list(REPLIES))
            return stream.fetched(tag, answer(random, damage(random, REPLIES[tag])), now)
        return stream.tick(now, connected=random.random() < 0.8)

    for number in range(CASES // 7):
        now += random.randrange(S)
        if number % 50 == 0:
            stream = connection(kind)
            stream.opened(now)
        try:
            heard = step()
        except ExchangeError:
            seen["ExchangeError"] += 1
            continue
        for one in heard:
            assert is_valid(one), one
            seen[type(one).__name__] += 1
        assert stream.delivering() in {True, False}
    assert seen["ExchangeError"] > 20
    assert len(seen) >= 3
