"""The rate as a protocol layer around a market."""

from typing import Any

from arbcore.model.market import FxRate
from arbcore.net.protocol import Fetch, StreamProtocol
from arbcore_exchange_upbit.protocol.rate_stream import REPEAT_NS, RateStream
from arbcore_exchange_upbit.protocol.stream import CONFIRM, POLL
from plugins.exchanges.upbit.tests.samples import MS, NOW, T0, S, book_frame, orderbook, raw, reply, sent, stream

CODE = "KRW-USDT"
BIDS, ASKS = ((1400.0, 5000.0),), ((1400.5, 3000.0),)
TRUSTED = 4 * S


def made() -> RateStream:
    market = stream([CODE], units=1, trades=False, statuses=False, confirm_after=2 * S, poll_interval=S)
    found: StreamProtocol = RateStream(market, "usdt_krw", "upbit", TRUSTED)
    assert isinstance(found, RateStream)
    return found


def frame(ms: int = T0, bids: Any = BIDS, asks: Any = ASKS) -> bytes:
    return raw(book_frame(CODE, ms, bids, asks))


def rates(heard: Any) -> list[FxRate]:
    return [item for item in heard if isinstance(item, FxRate)]


def running() -> RateStream:
    found = made()
    found.opened(NOW)
    found.received(frame(), NOW)
    found.tick(NOW, connected=True)
    return found


def test_it_subscribes_to_the_touch_alone() -> None:
    found = made()
    (message,) = sent(found.opened(NOW))
    assert message[1:] == [{"type": "orderbook", "codes": ["KRW-USDT.1"]}, {"format": "DEFAULT"}]
    assert found.url == "ws://venue/websocket/v1"


def test_both_sides_of_the_touch_are_the_rate() -> None:
    found = made()
    found.opened(NOW)
    assert not found.delivering()
    assert found.received(frame(), NOW) == [FxRate("usdt_krw", T0 * MS, NOW, 1400.0, 1400.5, "upbit")]
    assert found.delivering()


def test_an_unchanged_rate_is_repeated_within_a_second() -> None:
    found = running()
    told = [now for now in range(NOW, NOW + 4 * S, 100 * MS) if rates(found.tick(now, connected=True))]
    gaps = [later - before for before, later in zip([NOW, *told], told, strict=False)]
    assert len(told) >= 4
    assert all(REPEAT_NS <= gap <= S for gap in gaps)


def test_a_rate_that_nothing_confirms_is_told_no_longer() -> None:
    found = running()
    assert rates(found.tick(NOW + TRUSTED, connected=True))
    assert not rates(found.tick(NOW + TRUSTED + S, connected=True))
    (confirmed,) = rates(found.fetched(CONFIRM, reply([orderbook(CODE, T0, BIDS, ASKS)]), NOW + 10 * S))
    assert (confirmed.bid, confirmed.ask, confirmed.recv_ts) == (1400.0, 1400.5, NOW + 10 * S)
    assert rates(found.tick(NOW + 11 * S, connected=True))


def test_an_invalid_book_ends_the_rate_until_a_sound_one() -> None:
    found = running()
    assert found.received(frame(T0 + 1, asks=()), NOW + 1) == []
    assert not rates(found.tick(NOW + S, connected=True))
    assert rates(found.received(frame(T0 + 2), NOW + 2 * S))


def test_while_the_stream_is_down_it_is_polled() -> None:
    found = made()
    (fetch,) = [item for item in found.tick(NOW, connected=False) if isinstance(item, Fetch) and item.tag == POLL]
    assert fetch.request.query == "markets=KRW-USDT&count=1"
    assert rates(found.fetched(POLL, reply([orderbook(CODE, T0, BIDS, ASKS)]), NOW))
    assert not rates(found.tick(NOW + TRUSTED + S, connected=False))


def test_the_end_tells_nothing_and_repeats_nothing() -> None:
    found = running()
    assert found.closed(NOW + S) == ()
    assert found.tick(NOW + 2 * S, connected=True) == []
    assert not found.delivering()
