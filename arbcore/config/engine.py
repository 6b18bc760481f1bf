"""From a checked config to the settings of its engine."""

from collections.abc import Mapping

from arbcore.config.model import Config
from arbcore.engine.parts import EngineSettings


def engine_settings(config: Config, mode: str, epoch: str, accepts_for: Mapping[str, int | None]) -> EngineSettings:
    """Return the settings of an engine.

    Args:
        config: The config.
        mode: ``backtest``, ``paper``, ``live``, ``monitor`` or ``replay``.
        epoch: Id of this start within every client order id.
        accepts_for: For how long after its sending each exchange may take an order in. A simulated venue takes it at
            once, whatever the exchange does for which it stands in.
    """
    exchanges = config.exchanges
    return EngineSettings(
        session=config.session.name,
        mode=mode,
        base_currency=config.session.base_currency,
        config_hash=config.hash,
        rates={name: rate.keys.max_age for name, rate in config.rates.items()},
        execution=config.execution.numbers(epoch),
        allotted={name: dict(one.keys.allot) for name, one in exchanges.items() if one.keys.allot},
        accepts_for=dict(accepts_for) if mode == "live" else dict.fromkeys(exchanges, 0),
    )
