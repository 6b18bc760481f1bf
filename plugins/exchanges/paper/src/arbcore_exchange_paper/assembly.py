"""From settings and context to a venue."""

from difflib import get_close_matches

from arbcore.context import Context
from arbcore.errors import ConfigurationError
from arbcore.ports.venue import SimVenue
from arbcore_exchange_paper.delayed import DelayedVenue
from arbcore_exchange_paper.settings import PaperSettings
from arbcore_exchange_paper.venue import PaperVenue


def open_paper(settings: PaperSettings, context: Context) -> SimVenue:
    """Return a venue that stands for ``context.venue``, with the context's fill and latency models.

    Opening balances are the context's; where it gives none, those of the settings.

    Raises:
        ConfigurationError: The context has no fill model or venue, or an opening position names an unknown symbol.
    """
    if context.fill_model is None or not context.venue:
        raise ConfigurationError(
            f"paper venue {context.instance}: it needs a fill model and the exchange it stands for",
            "set paper.fill to an id under fills",
        )
    positions = settings.positions.get(context.venue, {})
    known = [one for one in context.instruments if one.venue == context.venue]
    _check_symbols(context.venue, list(positions), [one.symbol for one in known])
    venue = PaperVenue(
        context.venue,
        context.fill_model,
        dict(context.balances) or dict(settings.balances.get(context.venue, {})),
        leverage=settings.leverage,
        positions=positions,
        fee_rates=settings.fee_rates,
    )
    for instrument in known:
        venue.list_instrument(instrument)
    return venue if context.latency_model is None else DelayedVenue(venue, context.latency_model)


def _check_symbols(venue: str, wanted: list[str], known: list[str]) -> None:
    """Refuse opening positions in symbols that the session does not know, once any are known."""
    for symbol in wanted:
        if known and symbol not in known:
            near = get_close_matches(symbol, known, 1)
            guess = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
            raise ConfigurationError(f"paper.positions.{venue}.{symbol}: no such symbol in this session", guess)
