"""Finding reads metadata only, sorted, with verdict and duplicates."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arbcore.errors import PluginBroken
from arbcore.hooks import KINDS
from arbcore.plugins import Found, find

if TYPE_CHECKING:
    from tests.plugins.conftest import Site


def _named(*names: str) -> list[Found]:
    return [item for item in find() if item.name in names]


def test_offers_carry_distribution_version_and_verdict(site: "Site") -> None:
    site.strategy("zzone")
    (item,) = _named("zzone")
    assert (item.kind, item.distribution, item.version) == ("strategy", "acme-zzone", "1.0")
    assert (item.requires, item.verdict, item.duplicate) == (">=0.1,<1", "ok", False)
    assert str(item) == "strategy:zzone from acme-zzone 1.0"


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        (("arbcore>=0.1,<1",), (">=0.1,<1", "ok")),
        (("arbcore (<1,>=0.1)",), (">=0.1,<1", "ok")),
        (("arbcore[data]>=0.1", "arbcore<1"), (">=0.1,<1", "ok")),
        (("Arbcore >=99",), (">=99", "unmet")),
        (("arbcore>=0.1; python_version >= '3.11'",), (">=0.1", "ok")),
        (("arbcore[sql]>=99; extra == 'sql'",), ("", "unstated")),
        (("arbcore-exchange-upbit>=99", "arbcorex>=99", "rich"), ("", "unstated")),
        ((), ("", "unstated")),
        (("arbcore>=banana",), (">=banana", "unknown")),
    ],
)
def test_the_required_kernel_is_read_and_judged(
    site: "Site", requires: tuple[str, ...], expected: tuple[str, str]
) -> None:
    site.add("acme", "[arbcore.sinks]\nzzsink = acme:plugin\n", requires=requires)
    (item,) = _named("zzsink")
    assert (item.requires, item.verdict) == expected


def test_order_is_kind_then_name_then_distribution(site: "Site") -> None:
    site.add("zeta", "[arbcore.strategies]\nzzb = a:b\nzza = a:b\n[arbcore.exchanges]\nzzc = a:b\n")
    site.add("alpha", "[arbcore.strategies]\nzzb = a:b\n")
    listed = [(item.kind, item.name, item.distribution) for item in _named("zza", "zzb", "zzc")]
    assert listed == [
        ("exchange", "zzc", "zeta"),
        ("strategy", "zza", "zeta"),
        ("strategy", "zzb", "alpha"),
        ("strategy", "zzb", "zeta"),
    ]


def test_duplicates_are_marked_also_where_others_lie_between(site: "Site") -> None:
    site.add("first", "[arbcore.strategies]\nzzfoo = a:b\n")
    site.add("second", "[arbcore.strategies]\nzzbar = a:b\n")
    site.add("third", "[arbcore.strategies]\nzzfoo = c:d\n[arbcore.sinks]\nzzbar = c:d\n")
    marks = {(item.kind, item.name, item.distribution): item.duplicate for item in _named("zzfoo", "zzbar")}
    assert marks == {
        ("strategy", "zzfoo", "first"): True,
        ("strategy", "zzfoo", "third"): True,
        ("strategy", "zzbar", "second"): False,
        ("sink", "zzbar", "third"): False,
    }


def test_a_distribution_twice_on_the_path_counts_once_as_the_one_that_is_imported(
    site: "Site", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("acme", "[arbcore.strategies]\nzzfoo = a:b\n", version="2.0")
    behind = type(site)(tmp_path / "behind")
    behind.add("acme", "[arbcore.strategies]\nzzfoo = a:b\n", version="1.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(behind.folder)])
    assert [(item.version, item.duplicate) for item in _named("zzfoo")] == [("2.0", False)]


def test_every_kind_has_a_group_of_its_own(site: "Site") -> None:
    groups = "\n".join(f"[{kind.group}]\nzzall = a:b" for kind in KINDS.values())
    site.add("acme", groups)
    assert [item.kind for item in _named("zzall")] == list(KINDS)


def test_damaged_metadata_is_an_error_and_no_shorter_list(site: "Site") -> None:
    site.add("acme", "[arbcore.strategies]\nthis is no entry point\n")
    with pytest.raises(PluginBroken, match=r"can't be read[\s\S]*pip check"):
        find()


LIST_AND_TELL = """
import json, sys
from arbcore.cli.plugins import command
command(["list", "--json"], standalone_mode=False)
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def test_listing_imports_no_plugin(site: "Site") -> None:
    site.strategy("zzloud", "raise SystemExit('imported')")
    environment = {"PYTHONPATH": str(site.folder)}
    run = subprocess.run(
        [sys.executable, "-c", LIST_AND_TELL], env=environment, capture_output=True, text=True, check=True
    )
    listed = json.loads(run.stdout)["plugins"]
    assert "zzloud" in {entry["name"] for entry in listed}
    targets = {item.entry_point.module.partition(".")[0] for item in find()}
    assert "zz_zzloud" in targets
    assert targets & set(json.loads(run.stderr)) == set()
