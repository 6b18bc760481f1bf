"""`arb plugins check` on exchanges: what contradicts itself, connects too early, or shows a secret is found."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from arbcore.cli import main

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

EXCHANGE = """
from decimal import Decimal
from arbcore.hooks import hookimpl
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable
from arbcore.model.order import OrderType, TimeInForce
from arbcore.ports.venue import Capabilities
from arbcore.settings import PluginSettings, Secret

class Custom(PluginSettings):
    api_key: Secret | None = None

class Kept:
    def __repr__(self): return f"Kept({self.it})"

class Made:
    def __init__(self, context): self._key = context.secrets["api_key"]
    def __repr__(self): return "Made()"
    async def __aenter__(self): return self
    async def __aexit__(self, *exc): pass
    async def run(self, instruments, report): pass
    async def instruments(self): return []

class Venue(Made):
    async def submit(self, order): pass
    async def cancel(self, order): pass
    async def amend(self, order, change): pass
    async def cancel_all(self, instrument): pass
    async def look_up(self, order): return []
    async def open_orders(self, instrument=""): return []
    async def history(self, instrument, since): return []
    async def snapshot(self): pass
    async def terms(self, instrument): pass
    async def facts(self): pass

class Treasury(Made):
    async def wallets(self, currency=""): return []
    async def deposits(self, since): return []
    async def withdrawals(self, since): return []
    async def transfers(self, since): return []
    async def withdraw(self, request): pass
    async def transfer(self, request): pass

def listed(venue, base):
    return Instrument(
        venue=venue, symbol=base, kind=InstrumentKind.SPOT, base=base, quote="USDT", lot=Decimal("0.1"),
        ticks=TickTable.flat(Decimal(1)), min_quantity=Decimal("0.1"), min_notional=Decimal(5),
        fees=FeeSchedule(Decimal("0.001"), Decimal("0.001")))

class Plugin:
    api_version: int = 1

    @hookimpl
    def settings_model(self): return Custom

    @hookimpl
    def capabilities(self): return Capabilities(
        kinds=frozenset({InstrumentKind.SPOT}), quotes=True, market_data=True, trading=True, treasury=True,
        client_ids=True, order_types=frozenset({OrderType.LIMIT}), times_in_force=frozenset({TimeInForce.GTC}))

    @hookimpl
    def open_feed(self, settings, context): return Made(context)

    @hookimpl
    def open_venue(self, settings, context): return Venue(context)

    @hookimpl
    def open_treasury(self, settings, context): return Treasury(context)

    @hookimpl
    def reference_instruments(self, settings, venue, bases): return [listed(venue, base) for base in bases]

plugin = Plugin()
"""

CONNECTS = "__import__('socket').create_connection(('127.0.0.1', 9))"


@pytest.fixture
def check(site: "Site", capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[dict[str, Any]]]]:
    """Checks the sample with a piece of it changed; returns the exit code and the checks."""

    def run(old: str = "", new: str = "") -> tuple[int, list[dict[str, Any]]]:
        assert old in EXCHANGE
        source = EXCHANGE.replace(old, new) if old else EXCHANGE
        site.add("acme", "[arbcore.exchanges]\nzzone = zz_one:plugin\n", {"zz_one.py": source})
        code = main(["plugins", "check", "zzone", "--json"])
        return code, json.loads(capfd.readouterr().out)["checks"]

    return run


Check = Callable[..., tuple[int, list[dict[str, Any]]]]


def test_a_good_exchange_passes(check: Check) -> None:
    code, checks = check()
    assert code == 0, [one for one in checks if one["status"] == "fail"]
    seen = {one["name"]: one["detail"] for one in checks}
    assert seen["secrets"] == "references only: api_key"
    assert seen["open_feed"] == "Made, built without a connection"
    assert seen["open_venue"] == "Venue, built without a connection"
    assert seen["open_treasury"] == "Treasury, built without a connection"
    assert seen["reference_instruments"] == "BTC, ETH"


@pytest.mark.parametrize(
    ("old", "new", "name", "detail"),
    [
        ("order_types=frozenset({OrderType.LIMIT})", "amends=True", "capabilities", "trading without order_types"),
        ("times_in_force=frozenset({TimeInForce.GTC})", "", "capabilities", "without times_in_force"),
        ("client_ids=True", "leverage=True", "capabilities", "leverage without perpetuals"),
        ("client_ids=True", "funding=True", "capabilities", "funding without perpetuals"),
        ("client_ids=True", "forever_ids=True", "capabilities", "forever_ids without client_ids"),
        ("client_ids=True", "cost_orders=True", "capabilities", "cost_orders without market or best"),
        ("trading=True,", "", "capabilities", "client_ids without trading"),
        ("quotes=True,", "", "capabilities", "without quotes or books"),
        ("treasury=True,", "", "capabilities", "the hook open_treasury is there and treasury is not stated"),
        ("    @hookimpl\n    def open_venue", "    def open_venue", "loads", "without the marker"),
        ("kinds=frozenset({InstrumentKind.SPOT}),", "", "capabilities", "without kinds"),
        ("return Venue(context)", "return Made(context)", "open_venue", "returned Made"),
        ("return Treasury(context)", "return 1", "open_treasury", "returned int"),
        ("return Made(context)", f"{CONNECTS}; return Made(context)", "open_feed", "reaches for the network"),
        ("return Venue(context)", f"{CONNECTS}; return Venue(context)", "open_venue", "reaches for the network"),
        ('return "Made()"', "return self._key", "open_feed", "shows a secret"),
        ("self._key =", "self._kept = Kept(); self._kept.it =", "open_feed", "in the repr of Kept"),
        ("api_key: Secret | None = None", 'api_key: str = ""', "secrets", "take plain text: api_key"),
        ("min_quantity=Decimal(\"0.1\")", "min_quantity=Decimal(\"0.15\")", "reference_instruments", "of the lot"),
        ('FeeSchedule(Decimal("0.001")', 'FeeSchedule(Decimal("0.1")', "reference_instruments", "no fractions"),
        ("[listed(venue, base)", "[listed('here', base)", "reference_instruments", "not the one asked for"),
        ("symbol=base", 'symbol="X"', "reference_instruments", "share a key"),
        ("kind=InstrumentKind.SPOT", "kind=InstrumentKind.PERPETUAL", "reference_instruments", "not among the kinds"),
    ],
)  # fmt: skip
def test_a_fault_is_found_and_says_what_to_do(check: Check, old: str, new: str, name: str, detail: str) -> None:
    code, checks = check(old, new)
    failed = {one["name"]: one for one in checks if one["status"] == "fail"}
    assert code == 3
    assert name in failed
    assert detail in failed[name]["detail"]
    assert failed[name]["fix"]


def test_hooks_that_are_missing_are_named(check: Check) -> None:
    code, checks = check("    @hookimpl\n    def open_feed(self, settings, context): return Made(context)\n", "")
    (failed,) = [one for one in checks if one["status"] == "fail"]
    assert code == 3
    assert "market_data is stated and the hook open_feed is missing" in failed["detail"]


@pytest.mark.parametrize("name", ["upbit", "binance", "paper"])
def test_this_repositorys_exchanges_pass(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    code = main(["plugins", "check", f"exchange:{name}", "--json"])
    assert (code, json.loads(capfd.readouterr().out)["ok"]) == (0, True)
