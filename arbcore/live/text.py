"""What a live session will do, in words, for the person who is about to consent to it."""

from collections.abc import Iterator
from decimal import Decimal
from textwrap import wrap
from typing import Final

from arbcore.config import Config, ExchangeKeys, Instance, InstanceKeys
from arbcore.config.secrets import secrets_in
from arbcore.model.money import plain
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins
from arbcore.ports.venue import Capabilities
from arbcore.runtime.clock import WallClock

_WIDTH: Final = 100
_LABEL: Final = 12
_KERNEL_KEYS: Final = frozenset({"use", "order"})


def consent_text(config: Config, plugins: Plugins) -> str:
    """Return what the operator consents to: venues, accounts, what is sent, limits, pilot caps, policies.

    Accounts are named by the place of their keys in the config. No part of a key is in it.
    """
    session = config.session
    lines = [f"Real orders: session {session.name}, environment {session.environment}"]
    for label, texts in _sections(config, plugins):
        shown = [line for text in texts for line in _wrapped(text)]
        lines += [f"  {'' if number else label:<{_LABEL - 2}}{line}" for number, line in enumerate(shown)]
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    return wrap(text, _WIDTH - _LABEL, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _sections(config: Config, plugins: Plugins) -> Iterator[tuple[str, list[str]]]:
    pipeline = Pipeline(config=config, plugins=plugins, mode="live", clock=WallClock(), folder=config.folder)
    can = {name: pipeline.capabilities(name) for name in config.exchanges}
    yield "venues", [_venue(config, instance, can[name]) for name, instance in config.exchanges.items()]
    yield "orders", list(_orders(config, can))
    yield "money", [_money(config)]
    yield "limits", [f"{name} ({each.use}): {_limits(each)}" for name, each in config.risk.items()]
    yield "pilot", [_pilot(config)]
    yield "policies", [_policies(config)]


def _venue(config: Config, instance: Instance[ExchangeKeys], can: Capabilities) -> str:
    allotted = ", ".join(f"{amount:,f} {currency}" for currency, amount in instance.keys.allot.items())
    use = f"may use {allotted}" if allotted else "nothing is allotted"
    return f"{instance.id} ({instance.use}): {_environment(config, can)}; {_account(instance)}; {use}"


def _environment(config: Config, can: Capabilities) -> str:
    environment = config.session.environment
    if environment == "testnet" and not can.testnet:
        return "the simulator on this machine, since the venue has no testnet"
    words = {"production": "the exchange itself, with real money", "simulator": "the simulator on this machine"}
    return words.get(environment, f"the venue's {environment}")


def _account(instance: Instance[ExchangeKeys]) -> str:
    stated = [(path, secret) for path, secret in secrets_in(instance.settings)]
    if not stated:
        return "no key"
    path, secret = stated[0]
    place = ".".join(map(str, (*instance.path, *path)))
    return f"the account of {place} ({secret.source} {secret.name})"


def _orders(config: Config, can: dict[str, Capabilities]) -> Iterator[str]:
    strategies = ", ".join(f"{name} ({each.use})" for name, each in config.strategies.items())
    yield f"what {strategies} decide, what repairs and closes their trades, and what you command meanwhile"
    armed = [name for name, each in can.items() if each.dead_mans_switch]
    if armed:
        yield f"{', '.join(armed)}: open orders are cancelled there should this session fall silent; positions stay"


def _money(config: Config) -> str:
    moving = [name for name, each in config.exchanges.items() if getattr(each.settings, "move_money", False)]
    keys = f"keys.withdraw: {config.keys.withdraw}"
    if not moving:
        return f"no withdrawal and no transfer is sent: move_money is off everywhere; {keys}"
    return f"withdrawals and transfers are sent on command for {', '.join(moving)} (move_money is on); {keys}"


def _limits(instance: Instance[InstanceKeys]) -> str:
    stated = instance.stated.model_dump(mode="json", exclude=set(_KERNEL_KEYS), exclude_none=True)
    return ", ".join(f"{name} {value}" for name, value in stated.items() if value is not False) or "its own"


def _pilot(config: Config) -> str:
    pilot, base = config.live.pilot, config.session.base_currency
    caps = [] if pilot.notional is None else [f"at most {_amount(pilot.notional)} {base} a trade"]
    if pilot.trades_per_day is not None:
        caps.append(f"at most {pilot.trades_per_day} trades a day")
    return ", ".join(caps) or "no caps: live.pilot sets none"


def _amount(amount: Decimal) -> str:
    return plain(amount)


def _policies(config: Config) -> str:
    execution = config.execution
    entry = execution.entry_policy or "what differs between legs is unwound"
    leaving = execution.exit_policy or "closing goes on"
    return f"entries: {entry}; exits: {leaving}; legs go {execution.legs}"
