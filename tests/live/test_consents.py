"""Both consents, and the gates that a config alone decides, through the command itself: exit code, reason, remedy."""

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import anyio
import pytest

from arbcore.config import InstanceKeys
from arbcore.config.model import Instance
from arbcore.errors import SafetyError
from arbcore.live.consent import NO_CONSENT, PAPER_RULE, Consent, overrides, require_consents
from arbcore.live.refusal import LiveRefused
from arbcore.settings import PluginSettings
from tests.live import project

Said = Callable[[], str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return project.make(tmp_path, monkeypatch)


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """Return what was written to stderr since the last time, and nothing on stdout."""

    def read() -> str:
        out, err = capfd.readouterr()
        assert out == ""
        return err

    return read


SPREAD = version("arbcore-strategy-spread")
CONSENT = Consent(confirmed=project.NAME)


def test_with_everything_said_nothing_is_refused(folder: Path) -> None:
    anyio.run(require_consents, *project.opened(folder), CONSENT)


def test_a_session_on_paper_needs_no_consent(folder: Path) -> None:
    anyio.run(require_consents, *project.opened(folder, mode=None), NO_CONSENT)


def test_without_the_name_and_a_terminal_it_refuses_at_once_and_names_the_flag(folder: Path, said: Said) -> None:
    said()
    assert project.run(folder) == SafetyError.exit_code == 6
    text = said()
    assert project.refused(text) == ["session.name"]
    assert f"--confirm {project.NAME}" in text


def test_another_name_is_no_consent(folder: Path, said: Said) -> None:
    said()
    assert project.run(folder, "--confirm", "doctor") == 6
    text = said()
    assert project.refused(text) == ["session.name"]
    assert "'doctor' is not the session's name" in text


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("live", project.LIVE.replace("enabled: true", "enabled: false") + project.PINS, "live without the first"),
        ("live", project.LIVE.replace("staging", "local_dev") + project.PINS, "too lenient for live"),
        ("live", project.LIVE + project.PINS.replace(f"spread=={SPREAD}", "spread"), "strategy:spread is not pinned"),
        ("more", "risk: null\n", "risk (more.yaml:1): a live session needs it"),
        ("more", "journal: null\n", "journal (more.yaml:1): a live session needs it"),
    ],
)
def test_a_config_that_must_not_trade_live(
    folder: Path, said: Said, monkeypatch: pytest.MonkeyPatch, name: str, text: str, reason: str
) -> None:
    monkeypatch.chdir(folder)
    project.write(folder, name, text)
    said()
    assert project.run(folder, "--confirm", project.NAME) == 6
    told = said()
    assert "the config has 1 error\n" in told
    assert reason in told.replace(f"{folder}/", "")


def test_a_config_that_is_wrong_besides_is_a_wrong_config(folder: Path) -> None:
    project.write(folder, "live", project.LIVE.replace("enabled: true", "enabled: false") + project.PINS)
    project.write(folder, "more", "session: {nam: x}\n")
    assert project.run(folder, "--confirm", project.NAME) == 3


@pytest.mark.parametrize("place", ["flag", "environment"])
def test_the_first_consent_is_given_in_a_file_alone(
    folder: Path, said: Said, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    project.write(folder, "live", "session: {profile: staging}\n" + project.PINS)
    more = []
    if place == "flag":
        more = ["--set", "live.enabled=true"]
    else:
        monkeypatch.setenv("ARB__LIVE__ENABLED", "true")
    assert project.run(folder, "--confirm", project.NAME, *more) == 6
    assert "live trading is not switched on from here" in said()


def test_a_session_whose_loss_nothing_limits(folder: Path, said: Said) -> None:
    project.write(folder, "more", "risk: {portfolio: {daily_loss: null}}\n")
    said()
    assert project.run(folder, "--confirm", project.NAME) == 6
    assert project.refused(said()) == ["risk"]


def test_a_session_that_might_use_a_whole_account(folder: Path, said: Said) -> None:
    config = folder / "arb.yaml"
    config.write_text(config.read_text("utf-8").replace("allot: {USDT: 30000}", "allot: {}"), "utf-8")
    said()
    assert project.run(folder, "--confirm", project.NAME) == 6
    assert project.refused(said()) == ["exchanges.binance.allot"]


@pytest.mark.parametrize(
    ("limit", "enough"), [(Decimal(5), True), (0.5, True), (0, False), (None, False), ("5", False)]
)
def test_any_tier_may_limit_the_loss_of_a_day(folder: Path, limit: object, enough: bool) -> None:
    class Settings(PluginSettings, extra="allow"):
        """Settings of a tier that somebody else wrote."""

    config, plugins = project.opened(folder)
    settings = Settings.model_validate({"use": "guard", "daily_loss": limit})
    tier = Instance("risk", "mine", ("risk", "mine"), InstanceKeys(use="guard"), settings=settings, stated=settings)
    config = replace(config, risk={"mine": tier})
    if enough:
        anyio.run(require_consents, config, plugins, CONSENT)
    else:
        with pytest.raises(LiveRefused, match="no tier limits the loss"):
            anyio.run(require_consents, config, plugins, CONSENT)


PRODUCTION = "session: {environment: production, profile: live}\n"


def test_production_wants_hours_on_paper(folder: Path, said: Said) -> None:
    project.write(folder, "more", PRODUCTION)
    said()
    assert project.run(folder, "--confirm", project.NAME) == 6
    text = said()
    assert project.refused(text) == ["live.min_paper_hours"]
    assert "0.0 h of clean paper of this configuration, 24 h are wanted" in text
    assert "--without-paper REASON" in text


def test_a_typed_reason_stands_for_the_hours_and_is_recorded(folder: Path) -> None:
    project.write(folder, "more", PRODUCTION)
    config, plugins = project.opened(folder)
    consent = replace(CONSENT, override="  the machine is new ", issued_by="ann")
    anyio.run(require_consents, config, plugins, consent)
    (told,) = overrides(config, consent, 7)
    assert (told.rule, told.issued_by, told.reason, told.recv_ts) == (PAPER_RULE, "ann", "the machine is new", 7)
    with pytest.raises(LiveRefused, match="clean paper"):
        anyio.run(require_consents, config, plugins, replace(CONSENT, override="   "))


def test_nothing_is_recorded_where_nothing_was_overridden(folder: Path) -> None:
    consent = replace(CONSENT, override="why not")
    assert overrides(project.opened(folder)[0], consent, 7) == []
    project.write(folder, "more", PRODUCTION)
    assert overrides(project.opened(folder)[0], CONSENT, 7) == []
    assert overrides(project.opened(folder, mode=None)[0], consent, 7) == []


class Terminal(io.StringIO):
    """A person at a terminal, who has typed already."""

    def isatty(self) -> bool:
        return True


def test_what_is_typed_at_a_terminal_is_the_second_consent(
    folder: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("doctored by mistake\n"))
    said()
    assert project.run(folder) == 6
    text = said()
    assert text.index("Real orders: session doctored") < text.index("Type doctored to send real orders")
    assert "'doctored by mistake' is not the session's name" in text


def test_nobody_is_asked_in_vain(folder: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(f"{project.NAME}\n"))
    project.write(folder, "more", "risk: {portfolio: {daily_loss: null}}\n")
    said()
    assert project.run(folder) == 6
    text = said()
    assert project.refused(text) == ["risk"]
    assert "Type doctored" not in text
