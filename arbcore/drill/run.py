"""Playing a suite on one exchange of a config, tidying up whatever happens."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from platform import python_version
from typing import Final

import anyio

from arbcore.config import Config
from arbcore.drill.card import Card
from arbcore.drill.cards import SUITES
from arbcore.drill.market import Market
from arbcore.drill.news import Missed, News, Skip
from arbcore.drill.report import FAILED, PASSED, SKIPPED, DrillReport, Outcome
from arbcore.drill.stage import Stage
from arbcore.drill.tidying import tidy
from arbcore.errors import ArbcoreError, ConfigurationError, SafetyError
from arbcore.model.instrument import Instrument
from arbcore.model.treasury import TransferRequest
from arbcore.net.faults import Faults, injected
from arbcore.opening import first_error, in_time
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins, kernel_version
from arbcore.runtime.clock import WallClock
from arbcore.settings import did_you_mean

TIDY_S: Final = 60.0
"""Time for tidying up after a scenario."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillWish:
    """What is asked of a drill.

    Attributes:
        exchange: Exchange instance id.
        suite: Name of a suite.
        instrument: Key or symbol of the instrument; empty for the first that routes trade there.
        consent: Typed consent to real orders: the exchange's id once more.
        transfer: Transfer to make and to reverse; None for none.
        patience_s: Longest wait for something.
        tell: Learns of every scenario when it is over.
    """

    exchange: str
    suite: str = "standard"
    instrument: str = ""
    consent: str = ""
    transfer: TransferRequest | None = None
    patience_s: float = 15.0
    tell: Callable[[Outcome], None] = lambda _outcome: None


def require_consent(config: Config, wish: DrillWish) -> None:
    """Refuse real orders without all consents.

    Raises:
        SafetyError: One is missing.
    """
    if config.session.environment != "production" or not any(card.orders for card in SUITES[wish.suite]):
        return
    both = config.live.enabled and config.session.mode == "live"
    if both and wish.consent == wish.exchange:
        return
    raise SafetyError(
        f"the drill would send real orders to {wish.exchange}, and consents are missing",
        f"use session.environment simulator or testnet, or --suite reading; else live.enabled: true in the config, "
        f"--live, and --yes-production {wish.exchange}",
    )


async def run_drill(config: Config, plugins: Plugins, wish: DrillWish) -> DrillReport:
    """Play a suite on one exchange. Money never leaves the account; what was opened is closed again.

    Args:
        config: The checked config.
        plugins: Its plugins.
        wish: What is asked.

    Returns:
        The report.

    Raises:
        SafetyError: It would send real orders without consent.
        ConfigurationError: There is no such exchange, suite or instrument, or no key.
        ExchangeError: The account can't be opened.
    """
    if wish.exchange not in config.exchanges:
        known = list(config.exchanges)
        raise ConfigurationError(
            f"the config has no exchange {wish.exchange!r}{did_you_mean(wish.exchange, known)}",
            f"there: {', '.join(known) or 'none'}",
        )
    require_consent(config, wish)
    clock = WallClock()
    folder = config.folder / "sessions" / config.session.name
    pipeline = Pipeline(config=config, plugins=plugins, mode="live", clock=clock, folder=folder, secrets="some")
    started, faults = clock.now(), Faults()
    async with _stage(pipeline, wish, faults) as stage:
        outcomes: list[Outcome] = []
        left: Sequence[str] = ()
        for card in SUITES[wish.suite]:
            outcome, troubles = await _play(card, stage)
            wish.tell(outcome)
            outcomes.append(outcome)
            left = troubles
    instance = config.exchanges[wish.exchange]
    return DrillReport(
        suite=wish.suite,
        exchange=wish.exchange,
        plugin=instance.use,
        environment=config.session.environment,
        instrument=stage.instrument.key,
        started=started,
        outcomes=outcomes,
        left=left,
        versions=_versions(pipeline, instance.use),
    )


@asynccontextmanager
async def _stage(pipeline: Pipeline, wish: DrillWish, faults: Faults) -> AsyncIterator[Stage]:
    """Open feed, venue and treasury of an exchange, and follow them while entered."""
    name, config, patience = wish.exchange, pipeline.config, wish.patience_s
    capabilities = pipeline.capabilities(name)
    venue = pipeline.real_venue(name)
    feed = pipeline.feed(name)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(in_time(f"exchanges.{name}", feed))
        instrument = _chosen(pipeline, wish, tuple(await feed.instruments()))
        market, news = Market(instrument, patience), News(patience)
        watching = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(watching.cancel_scope.cancel)
        watching.start_soon(market.follow, feed)
        # The feed was opened and started before: faults are for the account alone.
        stack.enter_context(injected(faults))
        await stack.enter_async_context(in_time(f"exchanges.{name}", venue))
        treasury = pipeline.treasury(name) if capabilities.treasury else None
        if treasury is not None:
            await stack.enter_async_context(in_time(f"exchanges.{name}", treasury))
        following = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(following.cancel_scope.cancel)
        following.start_soon(news.follow, venue, (instrument.key,))
        yield Stage(
            venue=venue,
            treasury=treasury,
            instrument=instrument,
            capabilities=capabilities,
            market=market,
            news=news,
            faults=faults,
            clock=pipeline.clock,
            before=await venue.snapshot(),
            terms=await venue.terms(instrument.key),
            most=_most(config, instrument),
            real=config.session.environment == "production",
            moves_money=bool(getattr(config.exchanges[name].settings, "move_money", False)),
            transfer=wish.transfer,
            patience_s=patience,
        )


async def _play(card: Card, stage: Stage) -> tuple[Outcome, Sequence[str]]:
    """Play one card and tidy up; return how it went and what is left behind."""
    started, troubles = stage.clock.now(), ["the time for tidying up was not enough"]
    try:
        status, seen = await _acted(card, stage)
    finally:
        with anyio.move_on_after(TIDY_S, shield=True):
            troubles = await tidy(stage)
    if troubles and status != FAILED:
        status, seen = FAILED, f"{seen}; left behind: {'; '.join(troubles)}"
    outcome = Outcome(
        number=card.number,
        name=card.name,
        status=status,
        started=started,
        seconds=(stage.clock.now() - started) / 1e9,
        seen=seen,
        passes=card.passes,
    )
    return outcome, troubles


async def _acted(card: Card, stage: Stage) -> tuple[str, str]:
    try:
        return PASSED, await card.act(stage)
    except Skip as why:
        return SKIPPED, str(why)
    except Missed as why:
        return FAILED, str(why)
    except Exception as error:  # noqa: BLE001 - the other scenarios are played, and what is open is closed
        cause = first_error(error)
        known = isinstance(cause, ArbcoreError)
        return FAILED, f"{type(cause).__name__}: {cause.what if known else cause}"  # type: ignore[attr-defined]


def _chosen(pipeline: Pipeline, wish: DrillWish, listed: tuple[Instrument, ...]) -> Instrument:
    """Return the instrument that is wanted, else the first that a route trades there, else the first listed.

    Raises:
        ConfigurationError: The venue lists no such instrument.
    """
    wanted = wish.instrument
    for item in listed:
        if wanted in {item.key, item.symbol}:
            return item
    if wanted or not listed:
        near = did_you_mean(wanted, [item.symbol for item in listed])
        raise ConfigurationError(f"{wish.exchange} lists no {wanted or 'instrument'}{near}", "name another --symbol")
    symbols = [
        symbol
        for strategy in pipeline.config.strategies.values()
        for route in getattr(strategy.settings, "routes", ())
        for symbol in getattr(route, "symbols", ())
    ]
    traded = [item for symbol in symbols for item in listed if item.base == str(symbol).upper()]
    return (traded or listed)[0]


def _most(config: Config, instrument: Instrument) -> Decimal | None:
    """Return the largest value of an order in production: twenty times the smallest. None elsewhere."""
    return instrument.min_notional * 20 if config.session.environment == "production" else None


def _versions(pipeline: Pipeline, plugin: str) -> dict[str, str]:
    distribution, version, _ = pipeline.versions()[f"exchange:{plugin}"]
    return {"arbcore": kernel_version()[1], distribution: version, "python": python_version()}
