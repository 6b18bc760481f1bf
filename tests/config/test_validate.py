"""The second phase: everything that is wrong in one message, each with path, origin and nearest match."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from arbcore.config import Config, InvalidConfig, Override, RawConfig, allowed, load, validate, wanted
from arbcore.errors import ConfigurationError, PluginBroken, PluginNotFound
from arbcore.settings import PluginSettings

Check = Callable[..., Config]
Raw = Callable[..., RawConfig]


def errors_of(check: Check, *assigned: str, **more: str) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        check(*assigned, **more)
    assert caught.value.exit_code == 3
    return [f"{finding.path}: {finding.text}" for finding in caught.value.findings]


def test_a_config_that_is_right(check: Check) -> None:
    config = check()
    assert config.session.name == "test"
    assert config.exchanges["left"].keys.allot == {"KRW": Decimal(1000)}
    assert config.rates["usdt_krw"].keys.max_age == 10_000_000_000
    assert config.paper
    assert config.paper.keys.fill == "book"
    assert config.paper.keys.balances == {"left": {"KRW": Decimal(1000)}}
    assert config.paper.settings.fill == "book"  # type: ignore[attr-defined]
    assert config.strategies["main"].settings.routes[0].symbols == ("BTC",)  # type: ignore[attr-defined]
    assert [instance.id for instance in config.instances()] == [
        "left",
        "right",
        "main",
        "usdt_krw",
        "book",
        "paper",
        "first",
        "second",
        "journal",
    ]
    assert config.warnings == ()


def test_defaults_hold_without_a_section(check: Check) -> None:
    text = (
        "schema_version: 1\nfills: {book: {use: fill}}\npaper: {use: sim, fill: book}\njournal: {use: store}\nsinks:\n"
    )
    config = check(text=text)
    assert config.session.mode == "paper"
    assert config.backtest.journal == "memory"
    assert config.sinks == {}


def test_the_plugins_that_a_config_names(raw_of: Raw) -> None:
    raw = raw_of()
    file = raw.files[0]
    assert wanted(raw)[:4] == [
        ("exchange", "venue", f"exchanges.left.use ({file}:4)"),
        ("exchange", "venue", f"exchanges.right.use ({file}:5)"),
        ("strategy", "rule", f"strategies.main.use ({file}:10)"),
        ("rate", "rate", f"rates.usdt_krw.use ({file}:7)"),
    ]
    assert [name for _, name, _ in wanted(raw)[4:]] == ["fill", "sim", "limit", "limit", "store"]


def test_an_unknown_key_is_named_with_line_and_nearest_match(raw_of: Raw, check: Check) -> None:
    with pytest.raises(InvalidConfig) as caught:
        check("strategies.main.enter_bp=3", "rates.usdt_krw.max_agee=1s")
    assert str(caught.value).splitlines() == [
        "the config has 2 errors",
        "  strategies.main.enter_bp (--set strategies.main.enter_bp): unknown key; did you mean enter_bps?",
        "  rates.usdt_krw.max_agee (--set rates.usdt_krw.max_agee): unknown key; did you mean max_age?",
    ]


@pytest.mark.parametrize(
    ("assigned", "error"),
    [
        ("strategys.x={use: rule}", "strategys: unknown section; did you mean strategies?"),
        ("sesion.name=x", "sesion: unknown section; did you mean session?"),
        ("session.nam=x", "session.nam: unknown key; did you mean name?"),
        ("session=[a]", "session: a section is a mapping"),
        ("risk=strict", "risk: a section is a mapping"),
        ("journal=store", "journal: a section is a mapping"),
        ("risk.first=limit", "risk.first: an instance is a mapping that names its plugin: {use: NAME}"),
        ("risk.First={use: limit}", "risk.First: an instance id is lower case letters, digits and _, and starts"),
        ("risk.3rd={use: limit}", "risk.3rd: an instance id is lower case letters"),
        ("risk.third={order: 1}", "risk.third.use: missing"),
        ("risk.third={use: 5}", "risk.third.use: Input should be a valid string"),
        ("risk.third={use: ''}", "risk.third.use: String should have at least 1 character"),
        ("risk.third={use: limti}", "risk.third.use: no plugin risk:limti"),
        ("schema_version=2", "schema_version: this arbcore reads version 1, not 2"),
        ("schema_version=", "schema_version: missing"),
        ("session.mode=papr", "session.mode: Input should be 'backtest', 'paper' or 'live'; did you mean paper?"),
        ("session.name=../x", "session.name: String should match pattern"),
        ("rates.usdt_krw.max_age=5", "rates.usdt_krw.max_age: 5 is not a duration; write a number and a unit"),
        ("rates.usdt_krw.max_age=0", "rates.usdt_krw.max_age: a duration here must be greater than 0"),
        ("exchanges.left.allot={KRW: -1}", "exchanges.left.allot.KRW: Input should be greater than or equal to 0"),
        ("exchanges.left.allot={KRW: nan}", "exchanges.left.allot.KRW: Input should be a finite number"),
        (
            "exchanges.right.product=margn",
            "exchanges.right.product: Input should be 'spot' or 'margin'; did you mean ma",
        ),
        (
            "strategies.main.routes=[{buy: left, sell: right, symbols: [B], by: 1}]",
            "strategies.main.routes[0].by: unkn",
        ),
        (
            "strategies.main.routes=[{buy: left, sell: rigth, symbols: [B]}]",
            "strategies.main.routes[0].sell: exchanges",
        ),
        ("strategies.main.routes=[{buy: left, sell: right}]", "strategies.main.routes[0].symbols: missing"),
        ("strategies.main.rate=usd_krw", "strategies.main.rate: rates has no 'usd_krw'; did you mean usdt_krw?"),
        ("strategies.main.window=5 sec", "strategies.main.window: '5 sec' is not a duration"),
        ("strategies.main.order=soon", "strategies.main.order: Input should be a valid integer"),
        ("paper.fill=bok", "paper.fill: fills has no 'bok'; did you mean book? (there: book)"),
        ("paper.latency=slow", "paper.latency: latencies has no 'slow' (there: none)"),
        ("paper.balances.lft={KRW: 1}", "paper.balances.lft: exchanges has no 'lft'; did you mean left?"),
        (
            "backtest.half_spread_bps={lef: 1}",
            "backtest.half_spread_bps.lef: exchanges has no 'lef'; did you mean left?",
        ),
        ("backtest.start=soon", "backtest.start: 'soon' is not a time; write a date or ISO 8601"),
        ("backtest={start: 2025-02-01, end: 2025-01-01}", "backtest: start must lie before end"),
        ("backtest.bar_depth_share=1.5", "backtest.bar_depth_share: Input should be less than or equal to 1"),
        ("plugins.allow=all", "plugins.allow: must be a mapping"),
        ("strategies.main.routes=5", "strategies.main.routes: must be a list"),
        ("strategies.main.routes=[5]", "strategies.main.routes[0]: must be a mapping"),
        ("live.enabled=yes", "live.enabled: Input should be a valid boolean"),
    ],
)
def test_one_mistake_is_one_error(check: Check, assigned: str, error: str) -> None:
    found = errors_of(check, assigned)
    assert len(found) == 1
    assert found[0].startswith(error)


def test_everything_wrong_is_in_one_message(check: Check) -> None:
    found = errors_of(
        check, "sesion.x=1", "session.mode=papr", "risk.third={use: limti}", "risk.4th={use: limit}", "paper.fill=bok"
    )
    assert [text.partition(":")[0] for text in found] == [
        "sesion",
        "risk.4th",
        "session.mode",
        "paper.fill",
        "risk.third.use",
    ]


def test_the_line_of_an_error_in_a_list(check: Check, raw_of: Raw) -> None:
    text = raw_of().files[0].read_text().replace("sell: right", "\n      sell: rigth")
    with pytest.raises(InvalidConfig, match=r"routes\[0\]\.sell \(.*arb\.yaml:12\): exchanges has no 'rigth'"):
        check(text=text)


def test_a_missing_plugin_keeps_its_remedy(check: Check) -> None:
    with pytest.raises(InvalidConfig, match=r"risk\.third\.use .*: no plugin risk:nope\n    fix: install it"):
        check("risk.third={use: nope}")


def test_a_literal_secret_is_refused_and_not_repeated(check: Check) -> None:
    with pytest.raises(InvalidConfig, match=r"exchanges\.left\.api_key .*: a secret is never written here") as caught:
        check("exchanges.left.api_key=hunter2")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("value", ["{env: A, file: b}", "{vault: x}", "{env: ''}", "{env: 5}", "[env]"])
def test_only_a_reference_is_a_secret(check: Check, value: str) -> None:
    assert errors_of(check, f"exchanges.right.api_key={value}") == [
        "exchanges.right.api_key: a secret is never written here: use {env: NAME}, {file: PATH} or {keyring: ENTRY}"
    ]


def test_instances_act_in_the_order_of_the_files_unless_told_otherwise(check: Check) -> None:
    assert list(check("risk.third={use: limit}").risk) == ["first", "second", "third"]
    moved = check("risk.third={use: limit, order: -1}", "risk.first.order=2")
    assert list(moved.risk) == ["third", "second", "first"]


def test_null_takes_an_instance_away(check: Check) -> None:
    assert list(check("risk.first=null").risk) == ["second"]
    assert errors_of(check, "exchanges.right=null") == [
        "strategies.main.routes[0].sell: exchanges has no 'right' (there: left)"
    ]


def test_values_from_the_environment_get_their_types(check: Check) -> None:
    env = {"ARB__STRATEGIES__MAIN__NOTIONAL": "12.5", "ARB__STRATEGIES__MAIN__WINDOW": "2m"}
    settings = check(env=env).strategies["main"].settings
    assert settings.notional == Decimal("12.5")  # type: ignore[attr-defined]
    assert settings.window == 120_000_000_000  # type: ignore[attr-defined]


def test_money_keeps_every_digit(check: Check) -> None:
    settings = check("strategies.main.notional=12345678.123456789012345678").strategies["main"].settings
    assert settings.notional == Decimal("12345678.123456789012345678")  # type: ignore[attr-defined]


def test_a_failing_plugin_is_named(check: Check) -> None:
    with pytest.raises(PluginBroken, match=r"exchanges\.bad \(.*\): the settings of exchange:failing raised Zero"):
        check("exchanges.bad={use: failing}")


def test_a_plugin_may_refuse_with_an_error_of_its_own(raw_of: Raw) -> None:
    def refuse(kind: str, name: str) -> type[PluginSettings]:
        raise ConfigurationError("not today")

    with pytest.raises(ConfigurationError, match="not today"):
        validate(raw_of(), refuse)


def test_what_plugins_are_allowed_is_known_before_any_is_loaded(raw_of: Raw) -> None:
    raw = raw_of("plugins.allow={'exchange:venue': venue==1.0}")
    assert allowed(raw) == {"exchange:venue": "venue==1.0"}
    with pytest.raises(InvalidConfig, match=r"plugins\.allow"):
        allowed(raw_of("plugins.allow=all"))
    with pytest.raises(InvalidConfig, match="plugins"):
        allowed(raw_of("plugins=all"))


def test_malformed_places_are_left_to_validation(raw_of: Raw) -> None:
    raw = raw_of("risk={first: 5, second: {use: limit}}", "sinks=7", "rates.usdt_krw=null", "rates.own={max_age: 1s}")
    assert [name for kind, name, _ in wanted(raw) if kind in {"risk", "sink", "rate"}] == ["limit", "store"]


def test_no_settings_without_a_file(tmp_path: Path) -> None:
    def none(kind: str, name: str) -> type[PluginSettings]:
        raise PluginNotFound(f"{kind}:{name}")

    with pytest.raises(InvalidConfig, match="schema_version: missing"):
        validate(load([], {}, [Override.assign("session.name=x")]), none)
