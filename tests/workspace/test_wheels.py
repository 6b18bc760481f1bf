"""What tools/wheels.py refuses to ship."""

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools import setup, wheels

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with one plugin, which has a table beside its code."""
    module = tmp_path / "plugins/fills/top/src/arbcore_fill_top"
    (module / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "py.typed", "table.json", "__pycache__/left.pyc"):
        (module / name).write_text("")
    return tmp_path


def _wheel(folder: Path, *names: str) -> Path:
    path = folder / "arbcore_fill_top-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (*names, "arbcore_fill_top-0.1.0.dist-info/METADATA"):
            archive.writestr(name, "")
    return path


WHOLE = ("arbcore_fill_top/__init__.py", "arbcore_fill_top/py.typed", "arbcore_fill_top/table.json")


def test_a_whole_wheel_of_its_own_module_passes(root: Path) -> None:
    assert wheels.sources(root, "arbcore_fill_top") == set(WHOLE)
    assert wheels.foreign([*WHOLE, "arbcore_fill_top-0.1.0.dist-info/METADATA"], "arbcore_fill_top") == []
    wheels.check_wheel(root, _wheel(root, *WHOLE))


@pytest.mark.parametrize("left_out", WHOLE)
def test_a_wheel_without_a_file_of_its_module_is_refused(root: Path, left_out: str) -> None:
    with pytest.raises(wheels.WheelError, match=f"lacks {left_out}"):
        wheels.check_wheel(root, _wheel(root, *(name for name in WHOLE if name != left_out)))


def test_a_wheel_with_a_stranger_is_refused(root: Path) -> None:
    with pytest.raises(wheels.WheelError, match=r"more than arbcore_fill_top/: tests/test_fill\.py"):
        wheels.check_wheel(root, _wheel(root, *WHOLE, "tests/test_fill.py"))


def test_what_is_built_from_this_checkout_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not setup.runs([setup.binary(Path(sys.prefix), "uv"), "--version"]):
        pytest.skip("without uv a build fetches its backend from an index")
    monkeypatch.setenv("UV_OFFLINE", "1")
    built = wheels.build(ROOT, tmp_path / "dist")
    for wheel in built:
        wheels.check_wheel(ROOT, wheel)
    (sdist,) = (tmp_path / "dist").glob("arbcore-*.tar.gz")
    wheels.check_sdist(sdist)
    (kernel,) = (wheel for wheel in built if wheel.name.startswith("arbcore-"))
    with zipfile.ZipFile(kernel) as archive:
        names = set(archive.namelist())
    assert {"arbcore/py.typed", "arbcore/first_party.json", "arbcore/templates/arb.yaml"} <= names


@pytest.mark.parametrize(("trades", "remainder", "good"), [(3, "0", True), (0, "0", False), (3, "1E-9", False)])
def test_a_backtest_that_proves_nothing_is_refused(trades: int, remainder: str, good: bool) -> None:
    result = {"trades": trades, "pnl": {"remainder": remainder}}
    if good:
        assert wheels.traded(result) == "3 trades, remainder 0"
        return
    with pytest.raises(wheels.WheelError, match=f"{trades} trades, remainder {remainder}"):
        wheels.traded(result)


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
