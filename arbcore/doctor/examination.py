"""The doctor's round: every exchange at once, public and private side apart, each question by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from anyio.abc import TaskGroup

from arbcore.config import Config, Instance, InstanceKeys
from arbcore.config.secrets import secrets_in
from arbcore.doctor.judging import exchange_rows
from arbcore.doctor.private import look_at_account
from arbcore.doctor.public import PublicSide
from arbcore.doctor.rows import FAIL, OK, WARN, Row, Trouble, attempt, failed, guarded, row, trouble
from arbcore.doctor.seen import Seen
from arbcore.doctor.session import (
    check_config,
    check_consents,
    check_disk,
    check_durability,
    check_journal,
    free_bytes,
)
from arbcore.doctor.sizes import check_sizes, learn, planned, values
from arbcore.model.instrument import Instrument
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins
from arbcore.ports.control import Check, DoctorCheck
from arbcore.runtime.clock import WallClock
from arbcore.runtime.folder import session_folder

if TYPE_CHECKING:
    from arbcore.engine.engine import Engine

_SESSION: Final = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorWish:
    """What is asked of the doctor.

    Attributes:
        exchanges: Exchange ids to look at; empty for all.
        free: Tells the free space of a folder that exists, in bytes.
        patience_s: Time for a question to a venue.
        data_s: Time for market data to come.
    """

    exchanges: Sequence[str] = ()
    free: Callable[[Path], int] = free_bytes
    patience_s: float = 30.0
    data_s: float = 15.0


async def examine(config: Config, plugins: Plugins, wish: DoctorWish) -> list[Row]:
    """Check a config, its keys, its accounts and this machine. Nothing is changed anywhere.

    Args:
        config: The checked config.
        plugins: Its plugins.
        wish: What is asked.

    Returns:
        The rows, in the order in which a person reads them. Never raises for what a check met: that is a row.
    """
    return await _Examination(config, plugins, wish).run()


class _Examination:
    def __init__(self, config: Config, plugins: Plugins, wish: DoctorWish) -> None:
        self._config: Final = config
        self._wish: Final = wish
        session = config.session
        self._folder: Final = session_folder(config.folder, session.name, session.mode, session.environment)
        self._clock: Final = WallClock()
        self._pipeline: Final = Pipeline(
            config=config,
            plugins=plugins,
            mode=config.session.mode,
            clock=self._clock,
            folder=self._folder.path,
            secrets="some",
        )
        names = [name for name in config.exchanges if not wish.exchanges or name in wish.exchanges]
        self._seen: Final = {name: self._before(name) for name in names}
        self._public: Final = PublicSide(self._pipeline, wish.patience_s, wish.data_s)
        self._planned: Final = anyio.Event()
        self._engine: Engine | None = None
        self._routes: list[Row] = []
        self._plugin_rows: dict[str, list[Row]] = {}

    async def run(self) -> list[Row]:
        """Ask everything, then judge."""
        rows = await self._session_rows()
        async with anyio.create_task_group() as group:
            # A listing is asked of every exchange, since routes join them; accounts only of those wanted.
            await self._public.start(group, self._seen)
            group.start_soon(self._plan)
            for seen in self._seen.values():
                group.start_soon(look_at_account, self._pipeline, seen, self._planned, self._wish.patience_s)
            self._ask_plugins(group)
        self._value()
        rows += self._routes + self._public.rate_rows()
        for name, seen in self._seen.items():
            rows += exchange_rows(seen)
            rows += [each for each in self._sized() if each.of == name]
        for told in self._plugin_rows.values():
            rows += told
        return rows

    async def _session_rows(self) -> list[Row]:
        config = self._config
        rows = [*guarded(_SESSION, "config", partial(check_config, config))]
        rows += guarded(_SESSION, "consents", partial(check_consents, config))
        rows += guarded(_SESSION, "disk", partial(check_disk, self._folder.path, self._wish.free))
        told = await attempt(partial(check_journal, self._pipeline))
        checks = (failed("journal", told),) if isinstance(told, Trouble) else told
        rows += [row(_SESSION, check) for check in checks]
        return [*rows, *guarded(_SESSION, "durability", partial(check_durability, self._pipeline))]

    def _before(self, name: str) -> Seen:
        config, instance = self._config, self._config.exchanges[name]
        return Seen(
            name=name,
            plugin=instance.use,
            environment=config.session.environment,
            live=config.session.mode == "live",
            stated=config.keys.withdraw,
            moves_money=bool(getattr(instance.settings, "move_money", False)),
            leverage=int(getattr(instance.settings, "leverage", 0) or 0),
            allot=instance.keys.allot,
            now=self._clock.now(),
            needs_key=self._missing_key(instance),
            names_key=any(secrets_in(instance.settings)),
        )

    def _missing_key(self, instance: Instance[InstanceKeys]) -> str:
        """Return why there is no key; empty where there is one, or where the plugin opens no account."""
        stated = [(".".join(map(str, path)), secret) for path, secret in secrets_in(instance.settings)]
        if not stated:
            return "none: the config names no key of this exchange"
        there = self._pipeline.secrets_of(instance)
        gone = [f"{path} ({secret.source} {secret.name})" for path, secret in stated if path not in there]
        return f"not to be had: {', '.join(gone)}" if gone else ""

    async def _plan(self) -> None:
        """Learn what the routes trade, once every venue has told what it lists."""
        wanted: Sequence[Instrument] = ()
        try:
            listed, silent = await self._public.listed()
            if silent:
                self._tell_routes(FAIL, f"unknown: {', '.join(silent)} did not tell what is listed", "see there")
                return
            engine = self._pipeline.drawn(listed)
            wanted = planned(engine, listed)
            if not wanted:
                self._tell_routes(WARN, "no route can be traded", "check symbols and exchanges of the strategies")
            else:
                count = len(engine.parts.deciding.routes)
                self._tell_routes(OK, f"{count} over {len(wanted)} instruments", "")
            self._engine = engine
            self._share(wanted)
        except Exception as error:  # noqa: BLE001 - a strategy may raise anything; what does not need routes goes on
            met = trouble(error)
            self._tell_routes(FAIL, met.what, met.fix)
        finally:
            self._planned.set()
            # Of every exchange: a size in base currency needs the prices of both legs.
            self._public.want(wanted)

    def _share(self, wanted: Sequence[Instrument]) -> None:
        for seen in self._seen.values():
            seen.instruments = tuple(item for item in wanted if item.venue == seen.name)

    def _tell_routes(self, status: str, seen: str, fix: str) -> None:
        self._routes.append(Row(of=_SESSION, check="routes", status=status, seen=seen, fix=fix))

    def _value(self) -> None:
        """Let the engine know the prices that came, and work out how much the strategies may hold."""
        if self._engine is None:
            return
        learn(self._engine, self._public.prices.values())
        found = values(self._config, self._engine)
        for seen in self._seen.values():
            seen.values = found

    def _sized(self) -> list[Row]:
        engine = self._engine
        if engine is None:
            return []
        terms = {key: told for seen in self._seen.values() for key, told in seen.terms.items()}
        try:
            return list(check_sizes(self._config, engine, terms))
        except Exception as error:  # noqa: BLE001 - the other rows stand
            return [row(name, failed("size", trouble(error))) for name in self._seen]

    def _ask_plugins(self, group: TaskGroup) -> None:
        for instance in self._config.instances():
            if instance.kind == "exchange" and instance.path[0] == "exchanges" and instance.id not in self._seen:
                continue
            of = instance.id if instance.path[0] == "exchanges" else ".".join(instance.path)
            rows = self._plugin_rows[of] = []
            try:
                checks = self._pipeline.doctor_checks(instance)
            except Exception as error:  # noqa: BLE001 - shown as a failed check of the plugin
                rows.append(row(of, failed(f"plugin {instance.use}", trouble(error))))
                continue
            for check in checks:
                group.start_soon(self._ask_plugin, of, check, rows)

    async def _ask_plugin(self, of: str, check: DoctorCheck, rows: list[Row]) -> None:
        async def ask() -> Check:
            told = check.run()
            return await told if isawaitable(told) else told

        told = await attempt(ask, self._wish.patience_s)
        rows.append(row(of, failed(check.name, told) if isinstance(told, Trouble) else told))
