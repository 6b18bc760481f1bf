"""Settings of connections, for the settings models of exchange plugins."""

from enum import StrEnum

from pydantic import Field

from arbcore.settings import Duration, Settings, Span

_MS = 10**6
_S = 10**9


class Transport(StrEnum):
    """What carries requests."""

    LEAN = "lean"
    """asyncio's own transports and h11: a request is on the wire in a fifth of the time."""
    HTTPX = "httpx"
    """The library of that name."""


class NetworkSettings(Settings):
    """How a venue's connections behave. An exchange plugin has them as its setting ``network``."""

    connect_timeout: Span = Field(default=10 * _S, description="Time to open a connection.")
    request_timeout: Span = Field(default=5 * _S, description="Time to wait for an answer to a request.")
    first_wait: Span = Field(default=250 * _MS, description="Wait before the first reconnection; doubles after each.")
    longest_wait: Span = Field(default=30 * _S, description="Longest wait between reconnections.")
    settle_after: Span = Field(default=5 * _S, description="After delivering for so long the waits begin anew.")
    recover_timeout: Span = Field(default=15 * _S, description="Time in which all streams must deliver once open.")
    ping_interval: Span = Field(default=20 * _S, description="Time between pings.")
    ping_timeout: Span = Field(default=10 * _S, description="Time to wait for the answer to a ping.")
    mute_after: Span = Field(default=15 * _S, description="A connection that sends nothing for so long is mute.")
    confirm_after: Span = Field(default=2 * _S, description="A book unchanged for so long is confirmed by a request.")
    poll_interval: Span = Field(default=1 * _S, description="Time between requests while a connection is down.")
    renew_after: Span = Field(default=23 * 3600 * _S, description="A connection of this age is replaced by a new one.")
    transport: Transport = Field(default=Transport.LEAN, description="What carries requests.")
    stagger: Duration = Field(default=200 * _MS, description="Time between the openings of two connections.")
