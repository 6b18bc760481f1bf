"""Cards 1 to 3: requests, stream, reconnection."""

from arbcore.drill.news import Missed, Skip
from arbcore.drill.stage import Stage
from arbcore.model.account import AccountFacts
from arbcore.model.input import AccountSnapshot


async def rest(stage: Stage) -> str:
    """Ask for facts, terms, balances and open orders."""
    venue, key = stage.venue, stage.instrument.key
    facts, terms = await venue.facts(), await venue.terms(key)
    snapshot, orders = await venue.snapshot(), await venue.open_orders(key)
    if terms.instrument != key:
        raise Missed(f"the terms are those of {terms.instrument}, not of {key}")
    if not terms.trading:
        raise Missed(f"{key} takes no orders now")
    told = f"{len(snapshot.balances)} balances, {len(snapshot.positions)} positions, {len(orders)} open orders"
    return f"{told}; taker fee {terms.taker}; {_clock(facts)}"


def _clock(facts: AccountFacts) -> str:
    offset = facts.clock_offset_ns
    return "no clock needed" if offset is None else f"clock {offset / 1e6:+.0f} ms"


async def stream(stage: Stage) -> str:
    """See the stream connect and a whole snapshot follow, that says what a request says."""
    news = stage.news
    await news.until(news.connected, "a connection told as connected")
    await news.until(lambda: news.snapshot_after_connection() is not None, "a snapshot after the connection")
    told, asked = news.snapshot_after_connection(), await stage.venue.snapshot()
    if told is None or _totals(told) != _totals(asked):
        raise Missed("the stream's snapshot and a request tell different balances")
    return f"{', '.join(news.states())} connected, then a snapshot of {len(asked.balances)} balances"


async def reconnect(stage: Stage) -> str:
    """Break every socket, and see all come back with a snapshot."""
    news, mark, started = stage.news, stage.news.mark, stage.clock.now()
    await news.until(news.connected, "a connection told as connected")
    count = stage.faults.cut()
    if not count:
        raise Skip("the venue has no socket open that can be cut")
    await back(stage, mark)
    return f"{count} sockets cut; {', '.join(news.lost(mark))} back after {(stage.clock.now() - started) / 1e9:.1f} s"


async def back(stage: Stage, mark: int) -> None:
    """Wait until what was lost since a mark is connected again and a snapshot followed.

    Raises:
        Missed: It is not.
    """
    news = stage.news
    await news.until(lambda: bool(news.lost(mark)), "the loss of a connection told")
    await news.until(lambda: news.connected(mark), "all connections back")
    await news.until(lambda: news.snapshot_after_connection(mark) is not None, "a snapshot after the reconnection")


def _totals(snapshot: AccountSnapshot) -> dict[str, object]:
    return {balance.currency: balance.total for balance in snapshot.balances if balance.total}
