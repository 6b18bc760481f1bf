"""What `arb plugins check` looks at in an exchange: capabilities, factories, secrets, instruments."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from arbcore.errors import ArbcoreError, PluginBroken

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.model.instrument import Instrument
    from arbcore.plugins import LoadedPlugin
    from arbcore.ports.venue import Capabilities
    from arbcore.settings import PluginSettings

_ASKED: Final = ("BTC", "ETH")
_SECRETIVE: Final = re.compile(r"(^|_)(secret|password|passphrase|token|private_key|api_key|access_key)$")
_MOST_FEE: Final = Decimal("0.01")
_building: list[str] = []
_hooked: list[bool] = []

_OF_ORDERS: Final = ("reduce_only", "client_ids", "amends", "cost_orders", "forever_ids")
_OF_DATA: Final = ("quotes", "books", "trades")
_FACTORIES: Final = {"market_data": "open_feed", "trading": "open_venue", "treasury": "open_treasury"}


def contradictions(record: "Capabilities", hooks: Iterable[str]) -> list[str]:
    """Return what a record of capabilities states that can't be true, one sentence each."""
    return [*_of_hooks(record, frozenset(hooks)), *_of_trading(record), *_of_kinds(record)]


def _of_hooks(record: "Capabilities", hooks: frozenset[str]) -> Iterator[str]:
    for capability, hook in _FACTORIES.items():
        if getattr(record, capability) and hook not in hooks:
            yield f"{capability} is stated and the hook {hook} is missing"
        if not getattr(record, capability) and hook in hooks:
            yield f"the hook {hook} is there and {capability} is not stated"
    if record.market_data and not (record.quotes or record.books):
        yield "market_data without quotes or books: nothing could be traded on it"
    yield from (f"{name} without market_data" for name in _OF_DATA if getattr(record, name) and not record.market_data)


def _of_trading(record: "Capabilities") -> Iterator[str]:
    from arbcore.model.order import OrderType

    if not record.trading:
        stated = [name for name in (*_OF_ORDERS, "leverage", "dead_mans_switch", "simulated") if getattr(record, name)]
        stated += [name for name in ("order_types", "times_in_force") if getattr(record, name)]
        yield from (f"{name} without trading" for name in stated)
        return
    if not record.order_types:
        yield "trading without order_types: no order could be sent"
    if OrderType.LIMIT in record.order_types and not record.times_in_force:
        yield "limit orders without times_in_force"
    if record.forever_ids and not record.client_ids:
        yield "forever_ids without client_ids"
    if record.cost_orders and not record.order_types & {OrderType.MARKET, OrderType.BEST}:
        yield "cost_orders without market or best orders"


def _of_kinds(record: "Capabilities") -> Iterator[str]:
    from arbcore.model.instrument import InstrumentKind

    if (record.trading or record.market_data) and not record.kinds:
        yield "trading or market_data without kinds of instrument"
    if InstrumentKind.PERPETUAL not in record.kinds:
        stated = [name for name in ("leverage", "funding", "reduce_only") if getattr(record, name)]
        yield from (f"{name} without perpetuals among the kinds" for name in stated)


def capabilities_seen(loaded: "LoadedPlugin", settings: "PluginSettings") -> str:
    """Ask for the capabilities, and refuse a record that contradicts itself or the hooks."""
    from msgspec import to_builtins

    record = _capabilities(loaded, settings)
    wrong = contradictions(record, loaded.hooks) if loaded.kind == "exchange" else []
    if wrong:
        raise PluginBroken("; ".join(wrong), "let the record state what the plugin can do, and give every hook for it")
    stated: Mapping[str, Any] = to_builtins(record, order="deterministic")
    return ", ".join(name for name, value in stated.items() if value)


def secrets_seen(model: "type[PluginSettings]", name: str) -> str:
    """Refuse settings that take a secret as text, or whose names say secret and whose types don't."""
    literal = [
        key
        for key, field in model.model_fields.items()
        if _SECRETIVE.search(key) and field.annotation in {str, str | None}
    ]
    if literal:
        raise PluginBroken(
            f"settings that look like secrets take plain text: {', '.join(literal)}",
            "type them as arbcore.settings.Secret, so that no secret is written into a config",
        )
    secrets = _secret_keys(model)
    for key in secrets:
        if _takes(model, {"use": name, key: "a-literal"}):
            raise PluginBroken(f"the secret {key} takes plain text", "leave the type Secret as it is")
    return f"references only: {', '.join(secrets)}" if secrets else "no secrets"


def factory_seen(hook: str) -> "Callable[[LoadedPlugin, PluginSettings], str]":
    """Return a check that calls a factory: it opens nothing, returns its port, and shows no secret."""

    def look(loaded: "LoadedPlugin", settings: "PluginSettings") -> str:
        from arbcore.hooks import ExchangeHooks
        from arbcore.plugins import hooks_of, implements

        is_simulated = implements(loaded, "capabilities") and _capabilities(loaded, settings).simulated
        if hook == "open_venue" and is_simulated:
            return "not asked: a simulated venue is built on a session's fill model"
        secrets = {key: f"dummy-{key}-f00ba4" for key in _secret_keys(type(settings))}
        with no_connections(f"{hook} of {loaded.name}"):
            built = getattr(hooks_of(loaded, ExchangeHooks), hook)(
                settings=settings, context=check_context(loaded, secrets)
            )
        _show_no_secret(built, settings, secrets.values(), hook)
        return f"{type(built).__name__}, built without a connection"

    return look


def instruments_seen(loaded: "LoadedPlugin", settings: "PluginSettings") -> str:
    """Ask for two coins' instruments without a network, and hold them to what costs money where it is wrong."""
    from arbcore.hooks import ExchangeHooks
    from arbcore.plugins import hooks_of

    hook = hooks_of(loaded, ExchangeHooks).reference_instruments
    with no_connections(f"reference_instruments of {loaded.name}"):
        found = hook(settings=settings, venue="somewhere", bases=_ASKED)
        again = hook(settings=settings, venue="somewhere", bases=_ASKED)
    wrong = [] if list(found) == list(again) else ["the same question gave two answers"]
    if len({one.key for one in found}) != len(found):
        wrong.append("two instruments share a key")
    kinds = _capabilities(loaded, settings).kinds
    for one in found:
        wrong += [f"{one.key}: {what}" for what in _wrong_with(one) if what]
        if one.kind not in kinds:
            wrong.append(f"{one.key}: {one.kind} is not among the kinds of the capabilities")
    if wrong:
        raise PluginBroken("; ".join(wrong), "see docs: InstrumentSuite of arbcore.testing.instruments holds them all")
    return ", ".join(one.symbol for one in found) or f"none of {', '.join(_ASKED)}"


def _wrong_with(one: "Instrument") -> Iterator[str]:
    from arbcore.model.grid import on_grid

    if one.venue != "somewhere":
        yield f"the exchange is {one.venue!r} and not the one asked for"
    if one.base not in _ASKED:
        yield f"{one.base!r} was not asked for: put a multiplier into `multiplier`"
    if one.min_quantity <= 0 or not on_grid(one.min_quantity, one.lot):
        yield "the smallest quantity is not a positive multiple of the lot"
    if one.max_quantity is not None and one.max_quantity <= one.min_quantity:
        yield "the largest quantity is not above the smallest"
    if not one.fees.maker <= one.fees.taker <= _MOST_FEE or one.fees.taker < 0:
        yield f"fees of {one.fees.maker} and {one.fees.taker} are no fractions of a value"


def _capabilities(loaded: "LoadedPlugin", settings: "PluginSettings") -> "Capabilities":
    from arbcore.hooks import ExchangeHooks
    from arbcore.plugins import hooks_of

    return hooks_of(loaded, ExchangeHooks).capabilities(settings=settings)


def _secret_keys(model: "type[PluginSettings]") -> list[str]:
    from typing import get_args

    from arbcore.settings import Secret

    return [
        key for key, field in model.model_fields.items() if Secret in {field.annotation, *get_args(field.annotation)}
    ]


def _takes(model: "type[PluginSettings]", values: Mapping[str, Any]) -> bool:
    from pydantic import ValidationError

    try:
        model.model_validate(values)
    except ValidationError:
        return False
    return True


def check_context(loaded: "LoadedPlugin", secrets: Mapping[str, str]) -> "Context":
    """Return a context to build a plugin in that nothing runs."""
    import logging
    from pathlib import Path

    from arbcore.context import Context
    from arbcore.runtime.clock import WallClock

    return Context(
        instance="check",
        session="check",
        mode="live",
        environment="simulator",
        base_currency="USDT",
        clock=WallClock(),
        logger=logging.getLogger(f"arbcore.check.{loaded.name}"),
        data_dir=Path("check"),
        secrets=secrets,
    )


def _show_no_secret(built: object, settings: object, secrets: Iterable[str], hook: str) -> None:
    # A text is what it is; what counts is what objects show of the texts that they hold.
    held = vars(built).values() if hasattr(built, "__dict__") else ()
    parts = [one for one in held if type(one).__module__ != "builtins"]
    for shown in (built, settings, *parts):
        text = f"{shown!r} {shown!s}"
        if any(secret in text for secret in secrets):
            raise PluginBroken(
                f"what {hook} returns shows a secret in the repr of {type(shown).__name__}",
                "keep secrets out of reprs: a field with repr=False, or a __repr__ of its own",
            )


@contextmanager
def no_connections(what: str) -> Iterator[None]:
    """Let nothing be looked up or connected to while something is built."""
    if not _hooked:
        # An audit hook stays for good; it does nothing unless something is being built.
        sys.addaudithook(_audit)
        _hooked.append(True)
    _building.append(what)
    try:
        yield
    except _Connected as error:
        raise PluginBroken(str(error), "open nothing there: the runtime enters what a factory returns") from error
    except ArbcoreError as error:
        if isinstance(error.__cause__, _Connected):
            fix = "open nothing there: the runtime enters what a factory returns"
            raise PluginBroken(str(error.__cause__), fix) from error
        raise
    finally:
        _building.pop()


class _Connected(Exception):
    """Something reached for the network while it was built."""


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _building and event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        raise _Connected(f"{_building[-1]} reaches for the network ({event}) while it is built")
