"""How somebody else would ship their plugin: as a wheel, installed by pip, without an index."""

import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

SOURCE = Path(__file__).parent / "acme_pulse"

METADATA = """\
Metadata-Version: 2.1
Name: acme-pulse
Version: 3.1.4
Requires-Dist: arbcore>=0.1,<1
"""
WHEEL = "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
ENTRY_POINTS = "[arbcore.strategies]\npulse = acme_pulse:plugin\n"


def build_wheel(folder: Path) -> Path:
    """Write the wheel of `acme-pulse` into a folder and return its path."""
    info = "acme_pulse-3.1.4.dist-info"
    contents = {f"acme_pulse/{path.name}": path.read_bytes() for path in SOURCE.iterdir() if path.is_file()}
    contents |= {
        f"{info}/METADATA": METADATA.encode(),
        f"{info}/WHEEL": WHEEL.encode(),
        f"{info}/entry_points.txt": ENTRY_POINTS.encode(),
    }
    contents[f"{info}/RECORD"] = _record(contents, info).encode()
    wheel = folder / "acme_pulse-3.1.4-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return wheel


def _record(contents: Mapping[str, bytes], info: str) -> str:
    lines = [
        f"{name},sha256={urlsafe_b64encode(sha256(content).digest()).rstrip(b'=').decode()},{len(content)}"
        for name, content in contents.items()
    ]
    return "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"


def install(scratch: Path) -> Path:
    """Install the wheel with pip into a folder of its own below `scratch`; return that folder."""
    target = scratch / "plugins"
    options = ("--isolated", "--disable-pip-version-check", "--no-index", "--no-deps", "--quiet")
    wheel = build_wheel(scratch)
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(wheel)], check=True)
    return target


def arb(target: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `arb` in a process whose path holds the folder, and return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(target), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "arbcore", *arguments]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
