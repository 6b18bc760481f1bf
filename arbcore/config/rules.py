"""Checks across sections: combinations that can't work, or that should not without a word."""

from collections.abc import Callable, Iterator

from arbcore.config.model import Config
from arbcore.settings import Finding, Level

LEVELS: dict[str, Level] = {
    "live_not_enabled": "error",
    "live_profile": "error",
    "live_unpinned": "error",
    "live_incomplete": "error",
    "environment_mixed": "error",
    "paper_missing": "error",
    "journal_missing": "override",
    "allot_above_balance": "override",
    "keys_may_withdraw": "override",
    "keys_may_not_withdraw": "override",
    "keys_unstated": "warning",
    "rate_without_source": "warning",
    "risk_missing": "warning",
    "secret_missing": "override",
}
"""Weight of each check; ``override`` warns in the profile ``local_dev`` and refuses in the others."""


def cross_checks(config: Config) -> Iterator[Finding]:
    """Yield what the kernel finds wrong or risky across the sections of a config."""
    for check in _CHECKS:
        yield from check(config)


def live_checks(config: Config) -> Iterator[Finding]:
    """Yield why a config must not trade live, whatever it may do else."""
    yield from _live(config)
    yield from _pins(config)


def _finding(rule: str, path: str, text: str, fix: str) -> Finding:
    return Finding(LEVELS[rule], path, text, fix)


def _live(config: Config) -> Iterator[Finding]:
    if config.session.mode != "live":
        return
    if not config.live.enabled:
        fix = "set live.enabled: true in a config file once paper sessions convince you"
        yield _finding("live_not_enabled", "session.mode", "live without the first consent", fix)
    if config.session.profile in {"local_dev", "paper"}:
        fix = "use the profile live, or staging for a testnet"
        yield _finding("live_profile", "session.profile", f"{config.session.profile} is too lenient for live", fix)
    for name, held in (("journal", config.journal), ("risk", config.risk)):
        if not held:
            yield _finding("live_incomplete", name, "a live session needs it", f"add the section {name}")


def _pins(config: Config) -> Iterator[Finding]:
    if config.session.mode != "live":
        return
    for instance in config.instances():
        plugin = f"{instance.kind}:{instance.use}"
        if instance.use and "==" not in config.plugins.allow.get(plugin, ""):
            fix = f"add to plugins.allow: {{'{plugin}': DISTRIBUTION==VERSION}}; `arb plugins list` shows both"
            yield _finding("live_unpinned", ".".join(instance.path), f"the plugin {plugin} is not pinned", fix)


def _environment(config: Config) -> Iterator[Finding]:
    for instance in config.instances():
        own = getattr(instance.settings, "environment", None)
        if own is not None and own != config.session.environment:
            path = ".".join((*instance.path, "environment"))
            text = f"{own} in a session of {config.session.environment}"
            yield _finding("environment_mixed", path, text, "one session talks to one environment")


def _paper(config: Config) -> Iterator[Finding]:
    if config.session.mode == "live":
        return
    if config.paper is None:
        fix = "add the section paper: {use: ..., fill: ..., balances: {...}}"
        yield _finding("paper_missing", "paper", f"mode {config.session.mode} needs a simulated venue", fix)
        return
    balances = config.paper.keys.balances
    for identity, exchange in config.exchanges.items():
        for currency, amount in exchange.keys.allot.items():
            held = balances.get(identity, {}).get(currency)
            if held is None or amount > held:
                path = f"exchanges.{identity}.allot.{currency}"
                text = f"{amount} allotted, paper.balances holds {held or 0}"
                yield _finding("allot_above_balance", path, text, "raise the balance or lower the allotment")


def _journal(config: Config) -> Iterator[Finding]:
    mode, wanted = config.session.mode, config.backtest.journal == "config"
    if config.journal is None and (mode == "paper" or (mode == "backtest" and wanted)):
        text = "nothing keeps the events" if mode == "paper" else "backtest.journal names the config's journal"
        yield _finding("journal_missing", "journal", text, "add the section journal: {use: ...}")


def _rates(config: Config) -> Iterator[Finding]:
    for rate in config.rates.values():
        if not rate.use and config.session.mode != "backtest":
            text = "no source: only a backtest, on a data set of this rate, can run"
            yield _finding("rate_without_source", ".".join(rate.path), text, "name a source with use")


def _risk(config: Config) -> Iterator[Finding]:
    if not config.risk and config.strategies and config.session.mode != "live":
        yield _finding("risk_missing", "risk", "no risk tier: nothing limits size or loss", "add the section risk")


def _keys(config: Config) -> Iterator[Finding]:
    """Compare what is stated about keys with which exchanges move money; the setting is the plugins', by its name."""
    moving = [each for each in config.exchanges.values() if getattr(each.settings, "move_money", False)]
    stated = config.keys.withdraw
    if stated == "allowed" and not moving:
        text = "keys that may withdraw, and no exchange has move_money: only a thief would use that permission"
        fix = "take the permission from the keys and set keys.withdraw: none, or set move_money: true where you need it"
        yield _finding("keys_may_withdraw", "keys.withdraw", text, fix)
    for instance in moving:
        path = ".".join((*instance.path, "move_money"))
        if stated == "none":
            text = "true, and keys.withdraw: none states that no key may withdraw"
            yield _finding("keys_may_not_withdraw", path, text, "set one of the two; they contradict each other")
        elif stated == "unknown":
            text = "true, and nothing states that the key may withdraw; not every venue tells"
            yield _finding("keys_unstated", path, text, "set keys.withdraw: allowed, or move_money: false")


_CHECKS: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    _environment,
    _paper,
    _journal,
    _rates,
    _risk,
    _keys,
)
