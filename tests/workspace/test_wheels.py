"""What tools/wheels.py refuses to ship."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from tools import wheels


def _wheel(folder: Path, *names: str) -> Path:
    path = folder / "arbcore_fill_top-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (*names, "arbcore_fill_top-0.1.0.dist-info/METADATA"):
            archive.writestr(name, "")
    return path


def test_a_wheel_of_its_own_module_passes(tmp_path: Path) -> None:
    names = ["arbcore_fill_top/__init__.py", "arbcore_fill_top/py.typed"]
    assert wheels.foreign([*names, "arbcore_fill_top-0.1.0.dist-info/METADATA"], "arbcore_fill_top") == []
    wheels.check_wheel(_wheel(tmp_path, *names))


def test_a_wheel_without_its_type_marker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(wheels.WheelError, match=r"lacks arbcore_fill_top/py\.typed"):
        wheels.check_wheel(_wheel(tmp_path, "arbcore_fill_top/__init__.py"))


def test_a_wheel_with_a_stranger_is_refused(tmp_path: Path) -> None:
    names = ["arbcore_fill_top/py.typed", "tests/test_fill.py"]
    with pytest.raises(wheels.WheelError, match=r"more than arbcore_fill_top/: tests/test_fill\.py"):
        wheels.check_wheel(_wheel(tmp_path, *names))


@pytest.mark.parametrize("extra", ["plugins", "tests"])
def test_a_source_distribution_that_swallowed_the_repository_is_refused(tmp_path: Path, extra: str) -> None:
    (tmp_path / "file").write_text("")
    names = ["arbcore-0.1.0/pyproject.toml", "arbcore-0.1.0/arbcore/__init__.py"]
    clean, swollen = tmp_path / "arbcore-0.1.0.tar.gz", tmp_path / "arbcore-0.2.0.tar.gz"
    for path, members in ((clean, names), (swollen, [*names, f"arbcore-0.1.0/{extra}/a/b.py"])):
        with tarfile.open(path, "w:gz") as archive:
            for member in members:
                archive.add(tmp_path / "file", member)
    wheels.check_sdist(clean)
    with pytest.raises(wheels.WheelError, match=rf"more than arbcore/: {extra}"):
        wheels.check_sdist(swollen)
