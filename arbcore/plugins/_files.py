"""The hash of the files that a plugin runs from, for the session's run metadata."""

from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

_SKIPPED = {".pyc", ".pth"}


def files_hash(distribution: Distribution, module: str) -> str:
    """Return the SHA-256 of the module files of a distribution, over their names and contents.

    The files are those of the distribution's RECORD; of the module's package folder where RECORD does not list
    them, as with an editable install. The same files give the same hash either way. Compiled files don't count.

    Args:
        distribution: The distribution.
        module: Dotted name of the module that holds the plugin, already imported.
    """
    listed = dict(_recorded(distribution))
    top = module.partition(".")[0]
    if not any(name.partition("/")[0] in {top, f"{top}.py"} for name in listed):
        listed = dict(_in_folder(module))
    digest = sha256()
    for name, path in sorted(listed.items()):
        content = sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def kernel_version() -> tuple[str, str, str]:
    """Return distribution, version and hash of the module files of the kernel that runs."""
    kernel = distribution("arbcore")
    return kernel.name, kernel.version, files_hash(kernel, "arbcore")


def _recorded(distribution: Distribution) -> Iterator[tuple[str, Path]]:
    for path in distribution.files or ():
        outside = ".." in path.parts or path.parts[0].endswith((".dist-info", ".data"))
        if not outside and _counts(Path(path)):
            yield path.as_posix(), Path(str(distribution.locate_file(path)))


def _in_folder(module: str) -> Iterator[tuple[str, Path]]:
    # A namespace package has no file of its own; the outermost regular package holds the plugin.
    specs = (find_spec(name) for name in accumulate(module.split("."), "{}.{}".format))
    origin = next((Path(spec.origin) for spec in specs if spec and spec.origin), Path(module))
    if origin.name != "__init__.py":
        yield origin.name, origin
        return
    for path in origin.parent.rglob("*"):
        if path.is_file() and _counts(path):
            yield path.relative_to(origin.parent.parent).as_posix(), path


def _counts(path: Path) -> bool:
    return path.suffix not in _SKIPPED and "__pycache__" not in path.parts
