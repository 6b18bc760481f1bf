"""Quiet stretches: quotes and rates at which no strategy needs to be asked, taken without a step each.

Nothing is emitted for them, so a loop may hand over a whole list and gets back the place of the first input that needs
a full step. Taking that input again in the step changes nothing: it stores the same touch.
"""

from collections.abc import Sequence
from math import inf

from arbcore.engine.market import LARGEST_RATE, LEAST_RATE, Market
from arbcore.engine.output import Outbox
from arbcore.model.input import Input
from arbcore.model.market import FxRate, Quote


def skip_quiet(market: Market, outbox: Outbox, items: Sequence[Input], start: int, due: int) -> tuple[int, int]:
    """Take inputs for as long as nothing happens.

    Args:
        market: Touches and rates to be updated.
        outbox: Engine time, moved forward.
        items: Inputs in order.
        start: Index of the first one to take.
        due: Time after which something else comes first: a timer, a delayed report.

    Returns:
        Index of the first input that needs a full step (the number of items where none does), and how many of
        those taken were quotes.
    """
    instruments = market.instruments
    last = outbox.now
    index, rates = start, 0
    for index in range(start, len(items)):
        item = items[index]
        now = item.recv_ts
        if now > due or now < last:
            break
        if type(item) is not Quote:
            if type(item) is not FxRate or not _take_rate(market, item):
                break
            last = now
            rates += 1
            continue
        state = instruments.get(item.instrument)
        bid = item.bid
        ask = item.ask
        if (
            state is None
            or state.invalid
            or not (0.0 < bid < ask < inf and 0.0 <= item.bid_size < inf and 0.0 <= item.ask_size < inf)
        ):
            break
        state.bid = bid
        state.ask = ask
        state.quote = item
        for route in state.routes:
            buy = route.buy
            sell = route.sell
            forward = route.forward_factor * sell.bid
            backward = route.backward_factor * buy.bid
            buy_ask = buy.ask
            sell_ask = sell.ask
            if (
                forward >= route.forward_high * buy_ask
                or backward >= route.backward_high * sell_ask
                or now >= route.at
                or forward <= route.forward_low * buy_ask
                or backward <= route.backward_low * sell_ask
            ):
                outbox.now = last
                return index, index - start - rates
        last = now
    else:
        index = len(items)
    outbox.now = last
    return index, index - start - rates


def _take_rate(market: Market, rate: FxRate) -> bool:
    """Take a rate; tell whether it was good and no strategy needs to be asked."""
    state = market.rates.get(rate.name)
    if state is None or not LEAST_RATE <= rate.bid <= rate.ask <= LARGEST_RATE:
        return False
    state.update(rate)
    quiet = True
    for route in state.routes:
        route.fold_rates()
        quiet = quiet and not route.fires(rate.recv_ts)
    return quiet
