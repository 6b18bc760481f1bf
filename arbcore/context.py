"""What a plugin's factory gets besides its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from arbcore.model.instrument import Instrument

if TYPE_CHECKING:
    from arbcore.ports.control import CommandInbox
    from arbcore.ports.fill import FillModel, LatencyModel
    from arbcore.ports.notify import Notifier
    from arbcore.ports.rate import RateSource


class Clock(Protocol):
    """Source of time: the wall's in a session, the data's in a backtest."""

    def now(self) -> int:
        """Return UTC nanoseconds; never less than an earlier answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one instance of a plugin builds on. Frozen; fields that a kind does not need stay at their defaults.

    Attributes:
        instance: Instance id in the config.
        session: Session name.
        mode: ``backtest``, ``paper``, ``live`` or ``replay``.
        environment: ``production``, ``testnet`` or ``simulator``.
        base_currency: Currency of all results.
        clock: The session's clock.
        logger: Logger named after kind and instance.
        data_dir: The instance's own folder; it exists only once the instance makes it.
        secrets: The instance's secrets by setting name, already resolved.
        venue: Exchange instance id that a simulated venue stands for.
        instruments: Instruments known at assembly.
        balances: Opening balances of a simulated venue by currency.
        fill_model: Built fill model, for a simulated venue.
        latency_model: Built latency model, for a simulated venue.
        rate_sources: Built rate sources by id.
        notifiers: Built notifiers by id.
        inbox: Read side of the command store, for control surfaces.
    """

    instance: str
    session: str
    mode: str
    environment: str
    base_currency: str
    clock: Clock
    logger: Logger
    data_dir: Path
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    venue: str = ""
    instruments: tuple[Instrument, ...] = ()
    balances: Mapping[str, Decimal] = field(default_factory=dict)
    fill_model: "FillModel | None" = None
    latency_model: "LatencyModel | None" = None
    rate_sources: "Mapping[str, RateSource]" = field(default_factory=dict)
    notifiers: "Mapping[str, Notifier]" = field(default_factory=dict)
    inbox: "CommandInbox | None" = None
