"""A name in the config becomes one plugin, or an error that says what is there and what to do."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from arbcore.errors import (
    ConfigurationError,
    PluginDuplicate,
    PluginError,
    PluginIncompatible,
    PluginNotFound,
    PluginRefused,
)
from arbcore.plugins import load
from arbcore.plugins._choose import choose, first_party

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

WHERE = "strategies.premium.use (arb.yaml:12)"


def _load(kind: str, name: str, allow: Mapping[str, str] | None = None) -> None:
    load([(kind, name, WHERE)], allow)


def test_missing_names_everything_that_helps(site: "Site") -> None:
    site.strategy("zzkimchi")
    with pytest.raises(PluginNotFound) as caught:
        _load("strategy", "zzkimchee")
    text = str(caught.value)
    assert "no strategy plugin 'zzkimchee' is installed" in text
    assert WHERE in text
    assert "zzkimchi" in text.partition("installed strategy plugins: ")[2].splitlines()[0].split(", ")
    assert f"searched: {sys.prefix}" in text
    assert caught.value.fix == "did you mean 'zzkimchi'?"
    assert caught.value.exit_code == 3


def test_missing_tells_of_the_same_name_in_another_kind(site: "Site") -> None:
    site.add("acme", "[arbcore.sinks]\nzzboth = a:b\n[arbcore.fills]\nzzboth = a:b\n")
    with pytest.raises(PluginNotFound, match="'zzboth' is installed as fill, sink"):
        _load("strategy", "zzboth")


def test_a_first_party_plugin_comes_with_its_install_command() -> None:
    with pytest.raises(PluginNotFound) as caught:
        choose([], "exchange", "upbit", WHERE, {})
    assert caught.value.fix == "pip install arbcore-exchange-upbit"
    assert "installed exchange plugins: none" in str(caught.value)


def test_a_misspelt_first_party_plugin_comes_with_both() -> None:
    with pytest.raises(PluginNotFound) as caught:
        choose([], "exchange", "upbitt", WHERE, {})
    assert caught.value.fix == "did you mean 'upbit'? (pip install arbcore-exchange-upbit)"


def test_no_install_command_is_invented(site: "Site") -> None:
    with pytest.raises(PluginNotFound) as caught:
        _load("notifier", "zzpager")
    assert "pip install" not in str(caught.value)


def test_the_first_party_table_is_by_kind() -> None:
    assert first_party()["sink"]["sqlite"] == "arbcore-sink-sqlite"
    with pytest.raises(PluginNotFound) as caught:
        choose([], "notifier", "sqlite", WHERE, {})
    assert "pip install" not in str(caught.value)


@pytest.mark.parametrize("between", [(), ("zzbar",)])
def test_a_duplicate_is_fatal_wherever_it_lies(site: "Site", between: tuple[str, ...]) -> None:
    names = ("zzfoo", *between, "zzfoo")
    for number, name in enumerate(names):
        site.strategy(name, distribution=f"acme{number}", module=f"zz_module{number}")
    with pytest.raises(PluginDuplicate) as caught:
        _load("strategy", "zzfoo")
    text = str(caught.value)
    assert "acme0 1.0" in text
    assert f"acme{len(names) - 1} 1.0" in text
    assert WHERE in text
    assert not {"zz_module0", "zz_module2"} & set(sys.modules)


def test_a_duplicate_that_nothing_names_harms_nothing(site: "Site") -> None:
    site.strategy("zzfoo", distribution="acme0", module="zz_m0")
    site.strategy("zzfoo", distribution="acme1", module="zz_m1")
    site.strategy("zzbar")
    _load("strategy", "zzbar")


def test_a_kernel_outside_the_required_range_is_refused(site: "Site") -> None:
    site.add("acme", "[arbcore.strategies]\nzzold = zz_old:plugin\n", requires=["arbcore<0.0.1"])
    with pytest.raises(PluginIncompatible, match=r"requires arbcore<0\.0\.1"):
        _load("strategy", "zzold")


@pytest.mark.parametrize(
    "pin",
    ["acme-zzpin", "acme-zzpin==1.0", " Acme_zzPin == 1.0 "],
)
def test_the_allow_list_admits_distribution_and_version(site: "Site", pin: str) -> None:
    site.strategy("zzpin")
    _load("strategy", "zzpin", {"strategy:zzpin": pin})


@pytest.mark.parametrize(
    "allow",
    [
        {"strategy:zzother": "acme-zzpin"},
        {"sink:zzpin": "acme-zzpin"},
        {"strategy:zzpin": "acme-other"},
        {"strategy:zzpin": "acme-zzpin==1.1"},
    ],
)
def test_the_allow_list_refuses_the_rest_without_importing(site: "Site", allow: dict[str, str]) -> None:
    site.strategy("zzpin")
    with pytest.raises(PluginRefused) as caught:
        _load("strategy", "zzpin", allow)
    assert WHERE in caught.value.what
    assert "strategy:zzpin: acme-zzpin==1.0" in caught.value.fix
    assert "zz_zzpin" not in sys.modules


@pytest.mark.parametrize("entry", [("strategy", "acme"), ("pet:zzpin", "acme"), ("strategy:zzpin", ">=1")])
def test_an_allow_list_that_cannot_be_read_is_a_configuration_error(site: "Site", entry: tuple[str, str]) -> None:
    site.strategy("zzpin")
    with pytest.raises(ConfigurationError, match=r"plugins\.allow"):
        _load("strategy", "zzpin", dict([entry]))


def test_nothing_is_imported_before_every_name_is_settled(site: "Site") -> None:
    site.strategy("zzgood")
    with pytest.raises(PluginError):
        load([("strategy", "zzgood", "a"), ("strategy", "zzabsent", "b")])
    assert "zz_zzgood" not in sys.modules
