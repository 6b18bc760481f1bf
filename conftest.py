"""What every test of the workspace runs under: no network, one asyncio backend, one set of hypothesis counts.

It lies in the root so that the tests of plugins get it too.
"""

import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import cache, wraps
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tools import compiled

_COUNTS = {"reduced": "ci", "full": "full"}
_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")
_LOCAL_NAMES = frozenset({"", "localhost", "0.0.0.0", "::"})  # noqa: S104 - nothing is bound here

# Time says nothing about code on a shared machine, so neither profile has a deadline.
_QUIET = (HealthCheck.too_slow,)
settings.register_profile(
    "ci",
    max_examples=25,
    stateful_step_count=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=_QUIET,
)
settings.register_profile(
    "full", max_examples=2000, stateful_step_count=100, deadline=None, suppress_health_check=_QUIET
)


class NetworkBlockedError(RuntimeError):
    """A test reached for the network.

    Not an OSError: code that retries on those must not take the guard for a bad line.
    """


_attempts: list[str] = []


def _is_local(host: object) -> bool:
    """Whether the host, as sockets take it, is this machine without asking a name server."""
    name = host.decode() if isinstance(host, (bytes, bytearray)) else host
    if name is None or name in _LOCAL_NAMES:
        return True
    try:
        address = ip_address(str(name))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _refuse(what: str, target: object) -> None:
    _attempts.append(f"{what} {target!r}")
    raise NetworkBlockedError(
        f"{what} {target!r}: tests may only reach loopback and Unix sockets; serve the other side in the test"
    )


def _guard_method(name: str) -> Callable[..., object]:
    original: Callable[..., object] = getattr(socket.socket, name)

    @wraps(original)
    def guarded(self: socket.socket, *args: object) -> object:
        # The address is the last argument of all four, and only sends on connected sockets go without one.
        address = args[-1] if args else None
        internet = self.family in {socket.AF_INET, socket.AF_INET6}
        if internet and isinstance(address, tuple) and address and not _is_local(address[0]):
            _refuse(name, address)
        if not internet and self.family != getattr(socket, "AF_UNIX", None):
            _refuse(name, address)
        return original(self, *args)

    return guarded


def _guard_lookup(name: str) -> Callable[..., object]:
    original: Callable[..., object] = getattr(socket, name)

    @wraps(original)
    def guarded(*args: object, **kwargs: object) -> object:
        target = args[0] if args else kwargs.get("host")
        # getnameinfo alone takes a socket address.
        host = target[0] if isinstance(target, tuple) and target else target
        if not _is_local(host):
            _refuse(name, host)
        return original(*args, **kwargs)

    return guarded


_WRITES_NOTHING = sys.dont_write_bytecode


def pytest_collection_finish() -> None:
    """Go back to what was asked for: plugins that tests write and change are not compiled for good."""
    sys.dont_write_bytecode = _WRITES_NOTHING


def pytest_configure(config: pytest.Config) -> None:
    """Guard the socket module before any test module can take a function out of it; compile what processes import."""
    # A shell ignores interrupts for what it starts in the background, and so would every process of a test.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # the workers of a run come after it
        compiled.ensure()
    sys.dont_write_bytecode = False  # for the tests themselves, whose asserts are rewritten, until they are collected
    for method in ("connect", "connect_ex", "sendto", "sendmsg"):
        if hasattr(socket.socket, method):
            setattr(socket.socket, method, _guard_method(method))
    for lookup in _LOOKUPS:
        setattr(socket, lookup, _guard_lookup(lookup))
    settings.load_profile(_profile())


_SHARED = re.compile(r"scope=.(?:module|class)\b")
"""In the source of a module: its tests share what they set up, so they go to one worker."""

_CLIENTS = ("ccxt", "_sdk", "upbit_clients")
"""Parts of the names of modules that import other people's clients, which takes many seconds: one worker does it."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Give tests that share something dear to one worker, for `--dist loadgroup`.

    Marks won't do: xdist writes the group of a mark into an attribute of the test that pytest no longer reads.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has no types

    class Sharing(LoadScopeScheduling):  # type: ignore[misc] # of a class without types
        def _split_scope(self, nodeid: str) -> str:
            return _group(config.rootpath / nodeid.partition("::")[0]) or nodeid

    return Sharing(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have workers begin with what takes long, so that they end together."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@cache
def _group(module: Path) -> str:
    """Return the name of what the tests of a module share; empty where they share nothing."""
    if any(part in module.stem for part in _CLIENTS):
        return "clients"
    return str(module) if _SHARED.search(module.read_text(encoding="utf-8")) else ""


def _profile() -> str:
    asked = os.environ.get("ARBCORE_COUNTS", "reduced")
    if asked not in _COUNTS:
        raise pytest.UsageError(f"ARBCORE_COUNTS={asked}: expected one of {', '.join(_COUNTS)}")
    return _COUNTS[asked]


def pytest_unconfigure() -> None:
    """Stop what forks for commands, where a test started it."""
    used = sys.modules.get("tests.warm")
    if used is not None and used.warm.cache_info().currsize:
        used.warm().stop()


def pytest_report_header() -> list[str]:
    """Say how much this run proves."""
    profile, active = _profile(), settings.default
    examples = active.max_examples if active else 0
    data = os.environ.get("ARBCORE_TEST_DATA") or "not set, so tests on recorded data are skipped"
    return [
        f"arbcore: hypothesis profile {profile}: {examples} examples per property (all: ARBCORE_COUNTS=full)",
        f"arbcore: recorded data (ARBCORE_TEST_DATA): {data}",
    ]


@pytest.fixture
def network_attempts() -> list[str]:
    """What the running test tried to reach; the guard's own test empties it."""
    return _attempts


@pytest.fixture(autouse=True)
def _no_network(network_attempts: list[str]) -> Iterator[None]:
    """Fail the test that reached for the network, even where its code swallowed the error."""
    network_attempts.clear()
    yield
    if network_attempts:
        pytest.fail("the test reached for the network: " + "; ".join(network_attempts))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The kernel runs on asyncio, so its tests do."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the entry-point cache of stevedore, and any other cache, out of the user's home."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder
