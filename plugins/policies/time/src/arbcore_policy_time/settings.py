"""Settings of the slicers. The README lists every key with its default."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

from pydantic import Field, model_validator

from arbcore.settings import PluginSettings, Span

MOST_SLICES: Final = 1000
"""Most parts that an entry may be cut into."""

_CLOSEST: Final = 10**6


class Parts(PluginSettings):
    """How many parts there may be, and how small one may get."""

    min_notional: Decimal = Field(
        default=Decimal(0), ge=0, description="Smallest value of a part, in base currency: there are fewer parts then."
    )


class TimeSettings(Parts):
    """Settings of ``use: time``."""

    use: Literal["time"] = Field(description="Name of the plugin.")
    slices: int = Field(default=5, ge=2, le=MOST_SLICES, description="Number of equal parts.")
    span: Span = Field(default=60 * 10**9, description="Time over which the parts start, evenly.")

    @model_validator(mode="after")
    def _agree(self) -> "TimeSettings":
        if self.span // self.slices < _CLOSEST:
            raise ValueError("`span` / `slices` is under a millisecond: the parts would start at once")
        return self


class VolumeSettings(Parts):
    """Settings of ``use: volume``."""

    use: Literal["volume"] = Field(description="Name of the plugin.")
    offered_share: float = Field(
        default=0.5, gt=0, le=1, description="Largest share of what is offered at the touch that a part may take."
    )
    traded_share: float = Field(
        default=0.1, gt=0, le=1, description="Share of what trades that all parts together may be."
    )
    slices: int = Field(default=20, ge=2, le=MOST_SLICES, description="Most parts.")
    interval: Span = Field(
        default=2 * 10**9, description="Shortest time between two parts, and the time where nobody counts what trades."
    )
    span: Span = Field(default=600 * 10**9, description="Longest time over which the parts start.")

    @model_validator(mode="after")
    def _agree(self) -> "VolumeSettings":
        if self.interval < _CLOSEST:
            raise ValueError("`interval` is under a millisecond: the parts would start at once")
        if self.interval * self.slices > self.span:
            raise ValueError("`interval` x `slices` is longer than `span`: the parts would not start within it")
        return self


MODELS: Final[Mapping[str, type[PluginSettings]]] = {"time": TimeSettings, "volume": VolumeSettings}
"""The settings by the name of the slicer."""
