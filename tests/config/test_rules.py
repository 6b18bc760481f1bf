"""Checks across sections, and how profiles weigh them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from arbcore.config import Config, InvalidConfig, Override, RawConfig, SettingsLookup, load, validate

Check = Callable[..., Config]
Write = Callable[..., Path]

PROFILES = ["local_dev", "paper", "staging", "live"]


def errors_of(check: Check, *assigned: str, **more: str) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        check(*assigned, **more)
    return [f"{finding.path}: {finding.text}" for finding in caught.value.findings]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("assigned", "path"),
    [
        ("strategies.main.enter_bps=-1", "strategies.main.enter_bps"),
        ("journal=null", "journal"),
        ("exchanges.left.allot={KRW: 1001}", "exchanges.left.allot.KRW"),
        ("exchanges.right.allot={USDT: 1}", "exchanges.right.allot.USDT"),
    ],
)
def test_a_risk_is_refused_except_on_a_developers_machine(check: Check, profile: str, assigned: str, path: str) -> None:
    changes = [f"session.profile={profile}", assigned]
    if profile == "local_dev":
        assert [finding.path for finding in check(*changes).warnings] == [path]
    else:
        assert [text.partition(":")[0] for text in errors_of(check, *changes)] == [path]


@pytest.mark.parametrize("profile", PROFILES)
def test_an_unknown_key_is_an_error_in_every_profile(check: Check, profile: str) -> None:
    assert errors_of(check, f"session.profile={profile}", "session.x=1") == ["session.x: unknown key"]


def test_an_explicit_override_leaves_a_warning(check: Check) -> None:
    config = check("strategies.main.enter_bps=-1", "strategies.main.allow_thin_edge=true")
    assert [(one.level, one.path, one.text) for one in config.warnings] == [
        ("warning", "strategies.main.enter_bps", "thin in USDT")
    ]


def test_the_remedy_is_part_of_the_message(check: Check) -> None:
    with pytest.raises(InvalidConfig, match=r"thin in USDT\n    fix: set allow_thin_edge: true"):
        check("strategies.main.enter_bps=-1")


def test_without_a_simulated_venue_nothing_can_trade(check: Check) -> None:
    assert errors_of(check, "paper=null") == ["paper: mode paper needs a simulated venue"]
    assert errors_of(check, "paper=null", "session.mode=backtest") == ["paper: mode backtest needs a simulated venue"]


def test_one_session_one_environment(check: Check) -> None:
    assert errors_of(check, "exchanges.left.environment=testnet") == [
        "exchanges.left.environment: testnet in a session of production"
    ]
    check("exchanges.left.environment=testnet", "session.environment=testnet")


def test_a_backtest_needs_a_journal_only_where_it_is_told_to_use_one(check: Check) -> None:
    check("journal=null", "session.mode=backtest")
    assert errors_of(check, "journal=null", "session.mode=backtest", "backtest.journal=config") == [
        "journal: backtest.journal names the config's journal"
    ]


def test_warnings_name_what_is_missing(check: Check) -> None:
    config = check("rates.usdt_krw={use: null}", "risk=null", "rates.other={max_age: 1s}", "rates.usdt_krw.use=rate")
    assert [(one.path, one.text) for one in config.warnings] == [
        ("rates.other", "no source: only a backtest, on a data set of this rate, can run"),
        ("risk", "no risk tier: nothing limits size or loss"),
    ]
    assert check("rates.other={max_age: 1s}", "session.mode=backtest").warnings == ()


@pytest.fixture
def live(write: Write, raw_of: Callable[..., RawConfig], settings_model: SettingsLookup) -> Callable[[str], Config]:
    """Validates the base config with a file over it, started by the flag that means live."""

    def checked(text: str) -> Config:
        base = raw_of().files[0]
        raw = load([base, write(text, "live.yaml")], {}, [Override.mode("live", "--live")])
        return validate(raw, settings_model)

    return checked


PINS = """\
plugins:
  allow:
    exchange:venue: venue-dist==1.0
    strategy:rule: rule-dist==1.0
    rate:rate: rate-dist==1.0
    fill:fill: fill-dist==1.0
    exchange:sim: sim-dist==1.0
    risk:limit: limit-dist==1.0
    sink:store: store-dist==1.0
"""
CONSENT = "live: {enabled: true}\nsession: {profile: live}\n"


def test_live_with_everything_stated(live: Callable[[str], Config]) -> None:
    config = live(CONSENT + PINS)
    assert config.session.mode == "live"
    assert config.live.min_paper_hours == 24


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("session: {profile: live}\n" + PINS, r"session\.mode \(--live\): live without the first consent"),
        (
            CONSENT.replace("profile: live", "profile: local_dev") + PINS,
            r"session\.profile .*: local_dev is too lenient",
        ),
        (CONSENT.replace("profile: live", "profile: paper") + PINS, r"session\.profile .*: paper is too lenient"),
        (CONSENT + PINS + "journal: null\n", r"journal .*: a live session needs it"),
        (CONSENT + PINS + "risk: null\n", r"risk .*: a live session needs it"),
        (
            CONSENT + PINS.replace("limit-dist==1.0", "limit-dist"),
            r"risk\.first .*: the plugin risk:limit is not pinned",
        ),
        (CONSENT, r"the config has 9 errors"),
    ],
)
def test_live_is_refused_unless_everything_is_stated(live: Callable[[str], Config], text: str, error: str) -> None:
    with pytest.raises(InvalidConfig, match=error):
        live(text)


def test_a_list_is_too_short_only_where_nothing_in_it_was_refused(check: Check) -> None:
    assert errors_of(check, "strategies.main.routes=[]") == ["strategies.main.routes: must have at least 1 element"]
    one = "strategies.main.routes=[{buy: nowhere, sell: right, symbols: [BTC]}]"
    assert errors_of(check, one) == ["strategies.main.routes[0].buy: exchanges has no 'nowhere' (there: left, right)"]


KEYED = "exchanges.left.move_money=true"


def test_keys_that_may_withdraw_want_an_exchange_that_moves_money(check: Check) -> None:
    assert errors_of(check, "keys.withdraw=allowed") == [
        "keys.withdraw: keys that may withdraw, and no exchange has move_money: only a thief would use that permission"
    ]
    config = check("keys.withdraw=allowed", "session.profile=local_dev")
    assert [(one.level, one.path) for one in config.warnings] == [("override", "keys.withdraw")]
    assert not check("keys.withdraw=allowed", KEYED).warnings
    assert not check("keys.withdraw=none").warnings


def test_moving_money_wants_a_word_on_what_the_keys_may_do(check: Check) -> None:
    assert [(one.level, one.path) for one in check(KEYED).warnings] == [("warning", "exchanges.left.move_money")]
    assert errors_of(check, KEYED, "keys.withdraw=none") == [
        "exchanges.left.move_money: true, and keys.withdraw: none states that no key may withdraw"
    ]
