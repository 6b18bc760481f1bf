"""Health of venues, judged from latency, errors, staleness and gaps. Pure.

It worsens at once. It gets better only after `healthy_for` without a judgement as bad as the one in force, with data.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import Field

from arbcore.model.input import ConnectionChanged, VenueHealth
from arbcore.model.market import Book, BookInvalid, FundingRate, MarkPrice, PublicTrade, Quote
from arbcore.model.state import HealthState
from arbcore.net._vitals import Vitals
from arbcore.ports.venue import FeedItem, RequestMeasured
from arbcore.settings import Duration, Settings, Span, format_duration

_S = 10**9
_RANK: Final = {HealthState.HEALTHY: 0, HealthState.DEGRADED: 1, HealthState.DOWN: 2, HealthState.FROZEN: 2}
_TIMED = frozenset({Quote, Book, PublicTrade, MarkPrice})
_DATA = frozenset({*_TIMED, FundingRate})


class HealthRules(Settings):
    """When a venue is degraded, down or frozen."""

    degraded_latency: Span = Field(default=1 * _S, description="Median latency of data or answers: degraded.")
    down_errors: int = Field(default=5, ge=1, description="Failed requests in a row: down.")
    down_after: Span = Field(default=5 * _S, description="All connections lost for so long: down.")
    stale_after: Span = Field(default=10 * _S, description="Connected and no market data for so long: frozen.")
    gap_rate: int = Field(default=30, ge=1, description="Books that became invalid within a minute: degraded.")
    healthy_for: Duration = Field(default=10 * _S, description="Time without a fault until the health gets better.")


class VenueHealthBoard:
    """Judges venues. What belongs to no venue named here is passed over.

    Args:
        venues: Exchange instance ids of venues that have a feed.
        rules: When a venue is what.
    """

    def __init__(self, venues: Iterable[str], rules: HealthRules) -> None:
        self._judged: Final = {venue: _Judged(venue, rules) for venue in venues}
        self._by_instrument: Final[dict[str, Vitals | None]] = {}  # one entry per instrument of the session

    def observe(self, item: FeedItem) -> None:
        """Learn what a feed delivered. Market data only leaves its times behind."""
        kind = item.__class__
        if kind in _DATA:
            vitals = self._vitals_of(item.instrument)  # type: ignore[union-attr]  # all of _DATA have one
            if vitals is not None:
                vitals.on_data(item.ts if kind in _TIMED else 0, item.recv_ts)  # type: ignore[union-attr]
        elif isinstance(item, BookInvalid):
            vitals = self._vitals_of(item.instrument)
            if vitals is not None:
                vitals.on_gap(item.recv_ts)
        elif isinstance(item, ConnectionChanged | RequestMeasured) and item.venue in self._judged:
            self._judged[item.venue].learn(item)

    def tick(self, now: int) -> list[VenueHealth]:
        """Return the changes of health up to a time. To be called several times a second."""
        changes: list[VenueHealth] = []
        for judged in self._judged.values():
            changes.extend(judged.tick(now))
        return changes

    def _vitals_of(self, instrument: str) -> Vitals | None:
        try:
            return self._by_instrument[instrument]
        except KeyError:
            judged = self._judged.get(instrument.partition(":")[0])
            return self._by_instrument.setdefault(instrument, judged.vitals if judged else None)


class _Judged:
    """One venue: what is measured of it, and the judgement in force."""

    def __init__(self, venue: str, rules: HealthRules) -> None:
        self.vitals: Final = Vitals()
        self._venue: Final = venue
        self._rules: Final = rules
        self._state = HealthState.HEALTHY
        self._better_since: int | None = None
        self._worst_since = (HealthState.HEALTHY, "")

    def learn(self, item: ConnectionChanged | RequestMeasured) -> None:
        if isinstance(item, RequestMeasured):
            self.vitals.on_request(item)
        else:
            self.vitals.on_connection(item)

    def tick(self, now: int) -> Sequence[VenueHealth]:
        self.vitals.sample(now)
        state, reason = self._judge(now)
        if _RANK[state] > _RANK[self._state] or (_RANK[state] == 2 and state is not self._state):
            return self._take(state, reason, now)
        if _RANK[state] == _RANK[self._state] or self.vitals.lost_since is not None:
            self._better_since = None
            return ()
        return self._improve(state, reason, now)

    def _improve(self, state: HealthState, reason: str, now: int) -> Sequence[VenueHealth]:
        """Take a better state once it has held; the worst one of that time."""
        if self._better_since is None:
            self._better_since, self._worst_since = now, (state, reason)
        if _RANK[state] >= _RANK[self._worst_since[0]]:
            self._worst_since = (state, reason)
        if now - self._better_since < self._rules.healthy_for or self.vitals.data_at <= self._better_since:
            return ()
        state, reason = self._worst_since
        return self._take(state, reason or f"no fault for {format_duration(self._rules.healthy_for)}", now)

    def _take(self, state: HealthState, reason: str, now: int) -> Sequence[VenueHealth]:
        self._state, self._better_since = state, None
        return (VenueHealth(venue=self._venue, state=state, reason=reason, recv_ts=now),)

    def _judge(self, now: int) -> tuple[HealthState, str]:
        """Return what a venue is now, and why; the worst first."""
        vitals, rules = self.vitals, self._rules
        if vitals.errors >= rules.down_errors:
            return HealthState.DOWN, f"{vitals.errors} requests failed in a row: {vitals.error}"
        lost = vitals.lost_since
        if lost is not None and now - lost >= rules.down_after:
            return HealthState.DOWN, f"all connections lost: {vitals.lost_reason}"
        fresh = max(vitals.data_at, vitals.connected_at)
        if vitals.connected and now - fresh >= rules.stale_after:
            return HealthState.FROZEN, f"connected and no market data for {(now - fresh) / _S:.1f} s"
        return self._judge_quality()

    def _judge_quality(self) -> tuple[HealthState, str]:
        vitals, limit = self.vitals, self._rules.degraded_latency
        data, answers = vitals.data_latency(), vitals.request_latency()
        for name, latency in (("market data comes", data), ("answers come", answers)):
            if latency > limit:
                return HealthState.DEGRADED, f"{name} {latency / 10**6:.0f} ms late"
        if vitals.gaps > self._rules.gap_rate:
            return HealthState.DEGRADED, f"books became invalid {vitals.gaps} times within a minute"
        down = vitals.lost_connections
        if down and vitals.connected:
            return HealthState.DEGRADED, f"connections that deliver nothing: {', '.join(down)}"
        return HealthState.HEALTHY, ""
