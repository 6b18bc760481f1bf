"""What tests share is made once: a module's fixtures by one worker, compiled modules for all processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import compiled

ROOT = Path(__file__).parents[2]

MODULE = """
import os
import pytest

@pytest.fixture(scope="module")
def dear(worker_id):
    with open({log!r}, "a") as file:
        file.write(worker_id + "\\n")

@pytest.mark.parametrize("number", range(8))
def test_it(dear, number):
    pass
"""


@pytest.mark.slow
def test_a_module_that_shares_something_goes_to_one_worker(tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("one", "other"):
        (tmp_path / f"test_{name}.py").write_text(MODULE.format(log=str(log)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert len(log.read_text(encoding="utf-8").split()) == 2, "each module sets up once"


def test_a_module_is_compiled_until_its_source_changes(tmp_path: Path) -> None:
    source = tmp_path / "throwaway.py"
    source.write_text("a = 1\n", encoding="utf-8")
    assert not compiled.is_compiled(source)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", "import throwaway"], cwd=tmp_path, env=environment, check=True)
    assert compiled.is_compiled(source)
    source.write_text("a = 12\n", encoding="utf-8")
    assert not compiled.is_compiled(source)


def test_the_modules_of_the_kernel_and_of_plugins_are_looked_at() -> None:
    sources = list(compiled.sources())
    assert ROOT / "arbcore" / "cli" / "__init__.py" in sources
    assert any("arbcore_exchange_upbit" in source.parts for source in sources)
