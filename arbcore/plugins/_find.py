"""Finding: what installed distributions offer, from their metadata alone."""

from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, entry_points

from arbcore.errors import PluginBroken
from arbcore.hooks import KINDS
from arbcore.plugins._range import judge, kernel_version, required_range


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin as its distribution's metadata describes it.

    Attributes:
        kind: Name of the kind.
        name: Name in the config.
        distribution: Distribution that offers it.
        version: Version of the distribution.
        requires: Range of kernels that the distribution requires, empty where it states none.
        verdict: How the running kernel fits: ``ok``, ``unmet``, ``unstated`` or ``unknown``.
        duplicate: True where another entry offers the same name in the same kind.
        entry_point: Where its object lies.
        origin: The distribution's metadata.
    """

    kind: str
    name: str
    distribution: str
    version: str
    requires: str
    verdict: str
    duplicate: bool
    entry_point: EntryPoint = field(repr=False)
    origin: Distribution = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name} from {self.distribution} {self.version}"


def find() -> tuple[Found, ...]:
    """Return every offered plugin, sorted by kind, name and distribution. Nothing is imported.

    A distribution that is on the path twice counts once, as the first one found: that is the one Python imports.

    Raises:
        PluginBroken: The metadata of a distribution can't be read.
    """
    try:
        offered = entry_points()
    except Exception as error:
        raise PluginBroken(
            f"the entry points of the installed distributions can't be read: {error}",
            "run `pip check`, and reinstall or remove the distribution with the damaged entry_points.txt",
        ) from error
    places = [(kind.name, entry) for kind in KINDS.values() for entry in offered.select(group=kind.group)]
    times = Counter((kind, entry.name) for kind, entry in places)
    kernel = kernel_version()
    found = [_describe(kind, entry, kernel, times[kind, entry.name] > 1) for kind, entry in places]
    order = list(KINDS)
    return tuple(sorted(found, key=lambda item: (order.index(item.kind), item.name, item.distribution)))


def _describe(kind: str, entry: EntryPoint, kernel: str, duplicate: bool) -> Found:
    origin = entry.dist
    if origin is None:
        raise PluginBroken(f"the entry point {entry.name} of {entry.group} belongs to no distribution")
    required = required_range(origin)
    return Found(
        kind=kind,
        name=entry.name,
        distribution=origin.name,
        version=origin.version,
        requires=required,
        verdict=judge(required, kernel),
        duplicate=duplicate,
        entry_point=entry,
        origin=origin,
    )
