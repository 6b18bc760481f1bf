"""Settings of the leg policies. The README lists every key with its default."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from arbcore.settings import PluginSettings, Span


class Widening(PluginSettings):
    """How far beyond the touch the worst price of a repair may lie: more with each that did not close the gap."""

    slippage_bps: float = Field(
        default=10.0, ge=0, lt=10_000, description="Allowance of the first repair beyond the touch, in basis points."
    )
    slippage_step_bps: float = Field(
        default=20.0, ge=0, lt=10_000, description="What each further repair adds to it, in basis points."
    )
    slippage_cap_bps: float = Field(
        default=200.0, ge=0, lt=10_000, description="Largest allowance of a repair, in basis points."
    )

    @model_validator(mode="after")
    def _widen(self) -> "Widening":
        if self.slippage_cap_bps < self.slippage_bps:
            raise ValueError("`slippage_cap_bps` is below `slippage_bps`: the first repair would already be above it")
        return self

    def allowance_bps(self, attempt: int) -> float:
        """Return the allowance after a number of repairs."""
        return min(self.slippage_bps + self.slippage_step_bps * attempt, self.slippage_cap_bps)


class CancelSettings(Widening):
    """Settings of ``use: cancel``."""

    use: Literal["cancel"] = Field(description="Name of the plugin.")


class ReverseSettings(Widening):
    """Settings of ``use: reverse``."""

    use: Literal["reverse"] = Field(description="Name of the plugin.")


class ChaseSettings(Widening):
    """Settings of ``use: chase``."""

    use: Literal["chase"] = Field(description="Name of the plugin.")
    loss_cap_bps: float | None = Field(
        default=30.0, gt=0, description="Most that chasing may cost, in basis points of the unhedged value."
    )
    loss_cap: Decimal | None = Field(
        default=None, gt=0, description="Most that chasing may cost, in base currency; the tighter of both counts."
    )
    attempts: int = Field(default=3, ge=1, description="Repairs that chase; those after them unwind.")

    @model_validator(mode="after")
    def _bound_the_loss(self) -> "ChaseSettings":
        if self.loss_cap_bps is None and self.loss_cap is None:
            raise ValueError("chasing without a bound: give `loss_cap_bps` or `loss_cap`")
        if self.loss_cap_bps is not None and self.loss_cap_bps < self.slippage_bps:
            raise ValueError("`loss_cap_bps` is below `slippage_bps`: the first allowance would already cost more")
        return self


def _by_name(value: object) -> object:
    return {"use": value} if isinstance(value, str) else value


_Any = CancelSettings | ChaseSettings | ReverseSettings

Then = Annotated[
    Annotated[_Any, Field(discriminator="use")],
    BeforeValidator(_by_name, json_schema_input_type=Literal["cancel", "chase", "reverse"] | _Any),
]
"""A policy inside another's settings: its name, or its name and its keys."""


class HoldSettings(PluginSettings):
    """Settings of ``use: hold``."""

    use: Literal["hold"] = Field(description="Name of the plugin.")
    deadline: Span = Field(default=30 * 10**9, description="Longest time that it waits.")
    look: Span = Field(default=500 * 10**6, description="Time between looks at the gap.")
    cheap_bps: float = Field(
        default=5.0, ge=0, description="Loss of chasing at which it waits no longer, in bps of the unhedged value."
    )
    then: Then = Field(
        default=CancelSettings(use="cancel"), description="Policy that acts then: its name, or its name and its keys."
    )

    @model_validator(mode="after")
    def _agree(self) -> "HoldSettings":
        if self.look > self.deadline:
            raise ValueError("`look` is longer than `deadline`: it would never look again")
        if self.then.order is not None:
            raise ValueError("`order` says nothing inside `then`: there is one policy")
        cap = self.then.loss_cap_bps if isinstance(self.then, ChaseSettings) else None
        if cap is not None and self.cheap_bps >= cap:
            raise ValueError("`cheap_bps` is not below `then.loss_cap_bps`: what is cheap would not be chased")
        return self


MODELS: Final[Mapping[str, type[PluginSettings]]] = {
    "cancel": CancelSettings,
    "reverse": ReverseSettings,
    "chase": ChaseSettings,
    "hold": HoldSettings,
}
"""The settings by the name of the policy."""
