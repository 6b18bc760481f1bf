"""Plugins and configs that can't be used: one clear error each, before anything runs, and exit code 3."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.commands import Ran, arb
from tests.e2e.offer import changed, offer

CONFIGURATION = 3


Here = Callable[..., Ran]

BACKTEST = ("backtest", "--json", "--set", "backtest.end=2025-01-06T00:30:00Z")
ALONE = (*BACKTEST, "--without", "premium", "--strategy", "bad=zz")
"""With the throwaway strategy in the place of the project's own."""


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (("--set", "strategies.premium.use=spraed"), ("no strategy plugin 'spraed'", "did you mean 'spread'?")),
        (("--set", "fills.book.use=tpo"), ("no fill plugin 'tpo'", "fills.book", "did you mean 'top'?")),
        (("--set", "strategies.premium.use=paper"), ("'paper' is installed as exchange",)),
        (
            ("--set", "strategies.premium.entr_bps=3"),
            ("strategies.premium.entr_bps", "unknown key; did you mean enter_bps?"),
        ),
        (("--set", "strategis.premium.use=spread"), ("strategis: unknown section", "did you mean strategies?")),
        (("--set", "paper.fill=bok"), ("paper.fill", "did you mean book?")),
        (("--set", "strategies.premium.enter_bps=soon"), ("strategies.premium.enter_bps", "a valid number")),
        (("--set", "strategies.premium.enter_bps=nan"), ("strategies.premium.enter_bps", "a finite number")),
        (("--set", "paper.balances.upbit.KRW=-1"), ("paper.balances.upbit.KRW", "greater than or equal to 0")),
        (("--set", "rates.usdt_krw.max_age=5"), ("rates.usdt_krw.max_age", "such as 500ms")),
        (("--set", "backtest.start=yesterday"), ("backtest.start", "ISO 8601")),
        (("--set", "session.base_currency=EUR"), ("rates.usdt_krw", "base currency EUR")),
        (("--set", "exchanges.upbit.api_key=abc"), ("exchanges.upbit.api_key", "{env: ")),
        (("--set", "rates.krw_usdt.max_age=5s", "--set", "rates.usdt_krw=null"), ("usdt_krw",)),
    ],
)
def test_a_misspelt_or_impossible_config(arb_here: Here, arguments: tuple[str, ...], texts: tuple[str, ...]) -> None:
    arb_here("backtest", "--json", *arguments).refused(CONFIGURATION, *texts)


def test_everything_wrong_is_told_at_once(arb_here: Here) -> None:
    changes = ("strategies.premium.use=spraed", "fills.book.use=tpo", "risk.portfolio.open_trade=1")
    settings = [text for change in changes for text in ("--set", change)]
    arb_here("backtest", "--json", *settings).refused(CONFIGURATION, "3 errors", "spraed", "tpo", "open_trade")


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        (changed(("build_strategy", "bild_strategy")), ("bild_strategy", "build_strategy")),
        (changed(("    @hookimpl\n", "")), ("without the marker", "@hookimpl")),
        (changed(("plugin = Plugin()", "plugin = Plugin")), ("is a class",)),
        (changed(("api_version: int = 1", "api_version: int = 99")), ("too new", "99")),
        (changed(("api_version: int = 1", "pass")), ("does not declare which contract",)),
        (changed(("(self, settings, context)", "(self, settings, clock)")), ("clock",)),
        ("import zz_absent\n", ("could not be imported", "No module named 'zz_absent'")),
        ("plugin = ", ("could not be imported", "SyntaxError")),
        ("raise SystemExit(0)\n", ("could not be imported", "SystemExit")),
        (changed(("return Rule()", "raise SystemExit(0)")), ("failed in build_strategy", "SystemExit")),
        (changed(("return Rule()", "return None")), ("build_strategy returned NoneType",)),
        (changed(("return Rule()", "return Rule")), ("build_strategy returned the class Rule",)),
        (changed(("    def restore", "    def restored")), ("lacks restore",)),
        (
            changed(("        legs = []", "        raise OSError('mine')")),
            ("strategies.bad", "plan", "OSError('mine')"),
        ),
        (changed(("        legs = []", "        return ['route']")), ("strategies.bad", "plan returned 'route'")),
        (changed(("LegSpec(item.key", "LegSpec('zz:' + item.key")), ("zz:", "offered are: binance:BTCUSDT")),
    ],
)
def test_a_plugin_that_can_not_be_used(arb_here: Here, tmp_path: Path, source: str, texts: tuple[str, ...]) -> None:
    arb_here(*ALONE, path=offer(tmp_path, "zz", source)).refused(CONFIGURATION, *texts)


def test_errors_name_the_distribution_and_version(project: Path, tmp_path: Path) -> None:
    site = offer(tmp_path, "zz", "raise ValueError('mine')")
    arb(*ALONE, cwd=project, path=site).refused(CONFIGURATION, "strategy:zz from acme-zz 1.0", "ValueError('mine')")


def test_two_distributions_of_one_name(arb_here: Here, tmp_path: Path) -> None:
    site = offer(offer(tmp_path, "zz"), "zz", distribution="other-zz")
    arb_here(*ALONE, path=site).refused(CONFIGURATION, "acme-zz 1.0", "other-zz 1.0", "uninstall one of them")
    # Nobody names it, so nobody minds.
    assert arb_here(*BACKTEST).told()["trades"] > 0


def test_a_broken_plugin_that_nothing_names_harms_nobody(arb_here: Here, tmp_path: Path) -> None:
    site = offer(tmp_path, "zz", "raise SystemExit('imported')")
    assert arb_here(*BACKTEST, path=site).told()["trades"] > 0
    listed = arb_here("plugins", "list")
    assert (listed.code, listed.err) == (0, "")
    assert "acme-zz" in listed.out


def test_a_plugin_that_is_not_allowed(arb_here: Here, tmp_path: Path) -> None:
    site = offer(tmp_path, "zz", "raise SystemExit('imported')")
    pins = "plugins.allow={'strategy:spread': 'arbcore-strategy-spread'}"
    arb_here(*BACKTEST, "--set", pins, "--strategy", "bad=zz", path=site).refused(CONFIGURATION, "plugins.allow")


def test_what_a_plugin_prints_is_no_result(project: Path, tmp_path: Path) -> None:
    noisy = "print('imported')\n" + changed(("        self.asked += 1", "        print('asked')"))
    ran = arb(*ALONE, cwd=project, path=offer(tmp_path, "zz", noisy))
    assert ran.told()["trades"] > 0
    assert ran.err.startswith("imported\nasked\n")


def test_a_traceback_is_there_for_who_asks(project: Path, tmp_path: Path) -> None:
    site = offer(tmp_path, "zz", "raise ValueError('mine')")
    ran = arb("--debug", "backtest", "--strategy", "bad=zz", cwd=project, path=site)
    assert ran.code == CONFIGURATION
    assert "Traceback" in ran.err
    assert "throwaway_acme_zz_zz.py" in ran.err
