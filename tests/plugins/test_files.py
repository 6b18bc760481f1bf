"""The hash of a plugin's files follows their names and contents, and nothing else."""

import py_compile
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arbcore.plugins import load

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

POINTS = "[arbcore.strategies]\nzzpack = zz_pack.inner:plugin\n"


def _package(site: "Site", *, record: bool = True, note: str = "") -> None:
    modules = {"zz_pack/__init__.py": "", "zz_pack/inner.py": site.source, "zz_pack/data.txt": f"data{note}"}
    site.add("acme-pack", POINTS, modules, record=record)


def _hash() -> str:
    return load([("strategy", "zzpack", "here")]).get("strategy", "zzpack").files


def test_the_same_files_give_the_same_hash_with_and_without_a_record(site: "Site") -> None:
    _package(site)
    recorded = _hash()
    assert len(bytes.fromhex(recorded)) == 32
    (site.folder / "acme_pack-1.0.dist-info" / "RECORD").write_text("zz_pack_editable.pth,,\n")
    assert _hash() == recorded


@pytest.mark.parametrize("record", [True, False])
def test_a_changed_file_changes_it(site: "Site", record: bool) -> None:
    _package(site, record=record)
    before = _hash()
    (site.folder / "zz_pack" / "data.txt").write_text("changed")
    assert _hash() != before


@pytest.mark.parametrize("record", [True, False])
def test_a_renamed_or_removed_file_changes_it(site: "Site", record: bool) -> None:
    _package(site, record=record)
    before = _hash()
    (site.folder / "zz_pack" / "data.txt").unlink()
    assert _hash() != before


@pytest.mark.parametrize("record", [True, False])
def test_compiled_files_metadata_and_neighbours_do_not_count(site: "Site", record: bool) -> None:
    _package(site, record=record)
    before = _hash()
    py_compile.compile(str(site.folder / "zz_pack" / "inner.py"))
    (site.folder / "neighbour.py").write_text("x = 1")
    info = site.folder / "acme_pack-1.0.dist-info"
    (info / "INSTALLER").write_text("someone")
    if record:
        with (info / "RECORD").open("a") as lines:
            lines.write("zz_pack/__pycache__/inner.pyc,,\nacme_pack-1.0.dist-info/INSTALLER,,\n../bin/acme,,\n")
    assert _hash() == before


@pytest.mark.parametrize("record", [True, False])
def test_a_single_module(site: "Site", record: bool) -> None:
    points = "[arbcore.strategies]\nzzpack = zz_single:plugin\n"
    site.add("acme-single", points, {"zz_single.py": site.source}, record=record)
    before = _hash()
    with (site.folder / "zz_single.py").open("a") as source:
        source.write("# a comment\n")
    assert _hash() != before


def test_a_package_within_a_namespace(site: "Site", tmp_path: Path) -> None:
    points = "[arbcore.strategies]\nzzpack = zz_space.pack.inner:plugin\n"
    modules = {"zz_space/pack/__init__.py": "", "zz_space/pack/inner.py": site.source}
    site.add("acme-space", points, modules, record=False)
    before = _hash()
    (site.folder / "zz_space" / "other").mkdir()
    (site.folder / "zz_space" / "other" / "__init__.py").write_text("")
    assert _hash() == before
    shutil.copy(site.folder / "zz_space/pack/inner.py", site.folder / "zz_space/pack/more.py")
    assert _hash() != before
