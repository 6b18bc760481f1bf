"""Files that `arb init` and `arb config new` write. They are data: the only place of the kernel that names brands."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from arbcore.errors import ArbcoreError

FOLDER: Final = Path(__file__).parent
"""Where the templates lie."""


def write_files(templates: Mapping[Path, str], *, force: bool = False) -> None:
    """Write templates, all or none of them.

    Args:
        templates: Name of the template by the path to write.
        force: Overwrite files that are there.

    Raises:
        ArbcoreError: A file is there already, or can't be written.
    """
    there = [str(path) for path in templates if path.exists()]
    if there and not force:
        raise ArbcoreError(f"{', '.join(there)}: there already, nothing was written", "add --force to overwrite")
    for path, name in templates.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((FOLDER / name).read_text(encoding="utf-8"), encoding="utf-8")
        except OSError as error:
            raise ArbcoreError(f"{path}: {error.strerror or error}") from None
