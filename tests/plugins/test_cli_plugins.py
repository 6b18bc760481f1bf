"""`arb plugins list|show|check`: tables for people, one JSON object for programs, exit codes for scripts."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from arbcore.cli import main

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

EXCHANGE = """
from arbcore.hooks import hookimpl
from arbcore.model.instrument import InstrumentKind
from arbcore.model.order import OrderType, TimeInForce
from arbcore.ports.control import ImportProfile
from arbcore.ports.venue import Capabilities
from arbcore.settings import Duration, PluginSettings, Secret

class Custom(PluginSettings):
    product: str = "spot"
    pause: Duration = 0
    key: Secret | None = None

PROFILE = ImportProfile(name="bars", description="Bars.", kind="bars", columns={}, time_unit="ms")

class Plugin:
    api_version: int = 1

    @hookimpl
    def settings_model(self): return Custom

    @hookimpl
    def capabilities(self): return Capabilities(
        kinds=frozenset(InstrumentKind), trading=True, simulated=True, order_types=frozenset(OrderType),
        times_in_force=frozenset(TimeInForce))

    @hookimpl
    def open_venue(self, settings, context): raise AssertionError("not without a session")

    @hookimpl
    def import_profiles(self): return [PROFILE]

plugin = Plugin()
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def arb(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `arb plugins` in this process; returns exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["plugins", *arguments])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


def _exchange(site: "Site", old: str = "", new: str = "") -> None:
    assert old in EXCHANGE
    points = "[arbcore.exchanges]\nzzone = zz_one:plugin\n"
    site.add("acme", points, {"zz_one.py": EXCHANGE.replace(old, new) if old else EXCHANGE})


def _entries(text: str) -> dict[str, Any]:
    return {f"{entry['kind']}:{entry['name']}": entry for entry in json.loads(text)["plugins"]}


def test_list_as_a_table(site: "Site", arb: Run) -> None:
    _exchange(site)
    site.add("acme-new", "[arbcore.sinks]\nzznew = a:b\n", requires=["arbcore>=99"])
    site.add("acme-old", "[arbcore.sinks]\nzznew = a:b\n", requires=[])
    code, out, err = arb("list")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    assert (code, err) == (0, "")
    assert ["exchange", "zzone", "acme", "1.0", "ok"] in rows
    assert ["sink", "zznew", "acme-new", "1.0", "duplicate, needs arbcore>=99"] in rows
    assert ["sink", "zznew", "acme-old", "1.0", "duplicate, states no kernel"] in rows


def test_list_as_json_is_one_object(site: "Site", arb: Run) -> None:
    _exchange(site)
    code, out, err = arb("list", "--json")
    assert (code, err) == (0, "")
    assert _entries(out)["exchange:zzone"] == {
        "kind": "exchange",
        "name": "zzone",
        "distribution": "acme",
        "version": "1.0",
        "requires": ">=0.1,<1",
        "verdict": "ok",
        "duplicate": False,
    }


@pytest.mark.parametrize("reference", ["zzone", "exchange:zzone"])
def test_show_prints_hooks_capabilities_and_settings(site: "Site", arb: Run, reference: str) -> None:
    _exchange(site)
    code, out, err = arb("show", reference)
    assert (code, err) == (0, "")
    for seen in (
        "acme",
        "capabilities, import_profiles, open_venue, settings_model",
        "limit, market",
        "pause",
        "product",
        '"spot"',
        "duration",
        '"0s"',
        "secret | null",
        "true",
    ):
        assert seen in out


SETTINGS = """
from arbcore.hooks import hookimpl
from arbcore.ports.venue import Capabilities
from arbcore.settings import Duration, PluginSettings, Settings, Span, Timestamp
from decimal import Decimal
from enum import StrEnum
from pydantic import Field
from typing import Literal

class Way(StrEnum):
    UP = "up"
    DOWN = "down"

class Step(Settings):
    way: Way
    size: Decimal = Decimal(1)

class Custom(PluginSettings):
    needed: str
    wait: Span = 5_000_000_000
    limit: Duration | None = None
    since: Timestamp | None = None
    mode: Literal["fast", "safe"] = "safe"
    way: Way = Way.UP
    size: Decimal = Field(default=Decimal("1.5"), gt=0)
    first: Step | None = None
    steps: tuple[Step, ...] = ()
    names: dict[str, str] = {}
    strict: bool = False

class Plugin:
    api_version: int = 1

    @hookimpl
    def settings_model(self): return Custom

    @hookimpl
    def capabilities(self): return Capabilities()

plugin = Plugin()
"""


def test_show_names_types_choices_and_defaults_as_a_config_takes_them(site: "Site", arb: Run) -> None:
    site.add("acme", "[arbcore.exchanges]\nzzset = zz_set:plugin\n", {"zz_set.py": SETTINGS})
    code, out, err = arb("show", "zzset")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    told = {row[0]: tuple(row[1:3]) for row in rows if len(row) == 4}
    assert (code, err) == (0, "")
    assert {name: told[name] for name in told.keys() - {"use", "order"}} == {
        "needed": ("string", "required"),
        "wait": ("duration", '"5s"'),
        "limit": ("duration | null", "null"),
        "since": ("time | null", "null"),
        "mode": ("fast | safe", '"safe"'),
        "way": ("up | down", '"up"'),
        "size": ("number", '"1.5"'),
        "first": ("{way, size} | null", "null"),
        "steps": ("list of {way, size}", "[]"),
        "names": ("mapping", "{}"),
        "strict": ("boolean", "false"),
    }


def test_show_as_json_carries_the_schema(site: "Site", arb: Run) -> None:
    _exchange(site)
    shown = _entries(arb("show", "zzone", "--json")[1])["exchange:zzone"]
    assert set(shown["settings"]["properties"]) == {"use", "order", "product", "pause", "key"}
    assert shown["capabilities"]["simulated"] is True
    assert "market" in shown["capabilities"]["order_types"]
    assert len(shown["files"]) == 64


def test_show_asks_no_capabilities_of_an_exchange_that_needs_settings(site: "Site", arb: Run) -> None:
    _exchange(site, 'product: str = "spot"', "product: str")
    assert _entries(arb("show", "zzone", "--json")[1])["exchange:zzone"]["capabilities"] is None


def test_a_name_in_two_kinds_shows_both(site: "Site", arb: Run) -> None:
    _exchange(site)
    site.strategy("zzone", module="zz_two")
    assert set(_entries(arb("show", "zzone", "--json")[1])) == {"exchange:zzone", "strategy:zzone"}
    assert set(_entries(arb("show", "strategy:zzone", "--json")[1])) == {"strategy:zzone"}


def test_an_unknown_name_comes_with_the_nearest(site: "Site", arb: Run) -> None:
    _exchange(site)
    for reference, near in (("zzoen", "zzone"), ("exchange:zzoen", "exchange:zzone")):
        code, out, err = arb("show", reference)
        assert (code, out) == (3, "")
        assert f"did you mean '{near}'?" in err


def test_a_duplicate_cannot_be_shown(site: "Site", arb: Run) -> None:
    _exchange(site)
    site.add("acme-two", "[arbcore.exchanges]\nzzone = a:b\n")
    code, _, err = arb("show", "zzone")
    assert code == 3
    assert "offered twice, by acme 1.0 and acme-two 1.0" in err


def test_check_passes_a_good_plugin(site: "Site", arb: Run) -> None:
    _exchange(site)
    code, out, err = arb("check", "zzone", "--json")
    result = json.loads(out)
    assert (code, err, result["ok"]) == (0, "", True)
    assert {check["name"]: check["detail"] for check in result["checks"]} == {
        "loads": "hooks: capabilities, import_profiles, open_venue, settings_model",
        "settings": "5 keys; `arb plugins show` lists them",
        "secrets": "references only: key",
        "capabilities": "kinds, trading, simulated, order_types, times_in_force, testnet",
        "import_profiles": "bars",
        "open_venue": "not asked: a simulated venue is built on a session's fill model",
    }


def test_check_says_what_it_could_not_ask(site: "Site", arb: Run) -> None:
    _exchange(site, 'product: str = "spot"', "product: str")
    checks = json.loads(arb("check", "zzone", "--json")[1])["checks"]
    assert next(check["detail"] for check in checks if check["name"] == "capabilities").startswith("not asked")


@pytest.mark.parametrize(
    ("old", "new", "check", "detail"),
    [
        ("@hookimpl", "", "loads", "without the marker"),
        ("class Plugin:", "import zz_absent\nclass Plugin:", "loads", "could not be imported"),
        ("return Custom", "return 1", "settings", "returned int"),
        ("product: str", "model_config = {'extra': 'allow'}\n    product: str", "settings", "accept unknown keys"),
        (
            "product: str =",
            "call: __import__('collections').abc.Callable = print\n    product: str =",
            "settings",
            "JSON",
        ),
        ("return Capabilities", "raise SystemExit; return Capabilities", "capabilities", "failed in capabilities"),
        ("return Capabilities", "return dict", "capabilities", "returned dict"),
        ("[PROFILE]", "[PROFILE, PROFILE]", "import_profiles", "share a name"),
    ],
)
def test_check_fails_a_bad_one(site: "Site", arb: Run, old: str, new: str, check: str, detail: str) -> None:
    _exchange(site, old, new)
    code, out, _ = arb("check", "exchange:zzone", "--json")
    result = json.loads(out)
    failed = [item for item in result["checks"] if item["status"] == "fail"]
    assert (code, result["ok"]) == (3, False)
    assert [item["name"] for item in failed] == [check]
    assert detail in failed[0]["detail"]
    assert failed[0]["fix"]


def test_check_as_a_table(site: "Site", arb: Run) -> None:
    _exchange(site, "@hookimpl", "")
    code, out, _ = arb("check", "zzone")
    assert code == 3
    assert "fail" in out
    assert "put `@hookimpl`" in out


def _titles(text: str) -> tuple[str, list[str]]:
    """Return the title of a table and its columns."""
    title, _, head = text.splitlines()[:3]
    return title.strip(), head.replace("┃", " ").split()


def test_check_leaves_out_columns_that_say_nothing(site: "Site", arb: Run) -> None:
    _exchange(site)
    site.add("acme-bad", "[arbcore.exchanges]\nzzbad = zz_bad:plugin\n", {"zz_bad.py": "plugin = 1\n"})
    site.strategy("zzone", module="zz_two")
    shown = ["check", "result", "seen"]
    assert _titles(arb("check", "exchange:zzone")[1]) == ("exchange:zzone", shown)
    assert _titles(arb("check", "zzone")[1]) == ("exchange:zzone, strategy:zzone", ["plugin", *shown])
    assert _titles(arb("check", "zzbad")[1]) == ("exchange:zzbad", [*shown, "fix"])


COMMAND = "import click\n@click.command()\ndef command():\n    'Open the door.'\n"


@pytest.mark.parametrize(("source", "status"), [(COMMAND, "ok"), ("command = 1", "fail"), ("raise OSError", "fail")])
def test_commands_are_shown_from_metadata_and_checked_by_importing(
    site: "Site", arb: Run, source: str, status: str
) -> None:
    site.add("acme", "[arbcore.commands]\nzzdoor = zz_door:command\n", {"zz_door.py": source})
    assert _entries(arb("show", "zzdoor", "--json")[1])["command:zzdoor"]["hooks"] == []
    (check,) = json.loads(arb("check", "zzdoor", "--json")[1])["checks"]
    assert check["status"] == status
    assert (check["detail"] == "Open the door.") is (status == "ok")
