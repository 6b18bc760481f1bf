"""Settings of the console sink."""

from typing import Literal

from pydantic import Field

from arbcore.settings import PluginSettings

Group = Literal["trades", "fills", "orders", "money", "alerts", "engine", "connections"]
"""Kinds of event that can be shown."""


class ConsoleSettings(PluginSettings):
    """Settings of the sink."""

    show: tuple[Group, ...] = Field(
        default=("trades", "alerts", "engine", "connections"), description="Kinds of event to show."
    )
    stream: Literal["stderr", "stdout"] = Field(
        default="stderr", description="Where to write; results of commands go to stdout."
    )
    color: Literal["auto", "always", "never"] = Field(
        default="auto", description="Whether to colour; auto: on a terminal only."
    )
