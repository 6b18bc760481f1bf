"""Resolve constraints.txt: one version of everything for every supported Python, names and versions only.

The lock that the resolution makes holds addresses of package indexes, so it is made in a scratch copy of the
project files and thrown away.
"""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

EXPORT = ("export", "--all-packages", "--all-extras", "--all-groups", "--no-emit-workspace", "--no-hashes")
HEADER = "# Made by `make constraints`: the versions that every supported Python is tested with. Do not edit.\n"


def copy_projects(source: Path, target: Path) -> None:
    """Copy the files that describe the workspace's distributions, and none of their code."""
    for project in (source / "pyproject.toml", *sorted(source.glob("plugins/*/*/pyproject.toml"))):
        folder = target / project.parent.relative_to(source)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(project, folder)


def resolve(root: Path) -> str:
    """The new text of constraints.txt.

    Raises:
        subprocess.CalledProcessError: uv could not resolve; it has said why.
    """
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    with tempfile.TemporaryDirectory() as scratch:
        copy_projects(root, Path(scratch))
        command = [str(uv), *EXPORT, "--no-header", "--no-annotate", "--quiet"]
        run = subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.PIPE, text=True)
    return HEADER + run.stdout


def main() -> int:
    """Run from `make constraints`."""
    (ROOT / "constraints.txt").write_text(resolve(ROOT), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
