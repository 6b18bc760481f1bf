"""The relay: hands market data to simulated venues, and keeps back the quotes that can't matter to them."""

from collections.abc import Mapping, Sequence
from typing import Final

from arbcore.model.input import Input, VenueReport
from arbcore.model.market import InstrumentInput, Quote
from arbcore.ports.venue import SimVenue


class Relay:
    """Market data on its way to simulated venues.

    Of an instrument that its venue does not watch only the latest quote is kept, and handed over before anything
    else reaches the venue about that instrument. That is what `SimVenue.watches` promises to be enough.

    Args:
        venues: Simulated venue by exchange id.
        instruments: Exchange id by instrument key.

    Attributes:
        takers: Takes market data of an instrument, by key.
        watched: Keys of which every quote must be handed over.
        latest: Quote kept back, by key.
    """

    def __init__(self, venues: Mapping[str, SimVenue], instruments: Mapping[str, str]) -> None:
        of_key = {key: venues[venue] for key, venue in instruments.items()}
        self._watches: Final = [(key, venue.watches) for key, venue in of_key.items()]
        self.takers: Final = {key: venue.on_market for key, venue in of_key.items()}
        self.watched: Final[set[str]] = set()
        self.latest: Final[dict[str, Quote]] = {}

    def quote(self, quote: Quote) -> Sequence[VenueReport]:
        """Hand over a quote where its venue watches, else keep it back; return what it causes."""
        if quote.instrument in self.watched:
            return self.takers[quote.instrument](quote)
        self.latest[quote.instrument] = quote
        return ()

    def keep_back(self, items: Sequence[Input], start: int, end: int) -> None:
        """Keep back the newest quote of every instrument in a stretch that no venue watches."""
        found: set[str] = set()
        # From the end: after a few items every instrument has shown its newest quote.
        for index in range(end - 1, start - 1, -1):
            item = items[index]
            if type(item) is Quote and item.instrument not in found:
                found.add(item.instrument)
                self.latest[item.instrument] = item
                if len(found) == len(self.takers):
                    return

    def hand_over(self, instrument: str) -> list[VenueReport]:
        """Hand over the quote that was kept back of an instrument, if any; return what it causes."""
        quote = self.latest.pop(instrument, None)
        return [] if quote is None or instrument not in self.takers else list(self.takers[instrument](quote))

    def take(self, item: InstrumentInput) -> list[VenueReport]:
        """Hand over anything but a plain quote, after the quote that was kept back; return what both cause.

        An instrument of no venue is passed over: the engine refuses and counts it.
        """
        reports = self.hand_over(item.instrument)
        if item.instrument in self.takers:
            reports.extend(self.takers[item.instrument](item))
        return reports

    def settle(self) -> list[VenueReport]:
        """Learn what venues watch now; return what quotes kept back so far cause where they begin to."""
        reports: list[VenueReport] = []
        watched = self.watched
        for key, watches in self._watches:
            if not watches(key):
                watched.discard(key)
            elif key not in watched:
                watched.add(key)
                reports.extend(self.hand_over(key))
        return reports
