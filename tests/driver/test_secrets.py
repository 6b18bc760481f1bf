"""Nothing that is secret is written anywhere: logs at their finest, errors with traces, everything of a session."""

import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore.errors import ArbcoreError
from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from benchmarks.driving.backstage import Near
from benchmarks.driving.comparing import compared
from benchmarks.driving.opening import ACCOUNTS, SECRETS, context, line, parts
from benchmarks.driving.weather import storm
from benchmarks.live import project, simulator, symbols_of
from tests.driver.wire import Wire

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(300)]

_KNOWN = [text for one in SECRETS.values() for text in one.values()]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A file with everything that anything logs."""
    path, root = tmp_path / "debug.log", logging.getLogger()
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield path
    root.setLevel(before)
    root.removeHandler(handler)
    handler.close()


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire(*_KNOWN)
    found.listen(monkeypatch)
    return found


def _text(path: Path) -> str:
    return path.read_text()


def told(error: BaseException) -> str:
    """Return everything that an error says, with its trace and what led to it, shown or not."""
    texts = ["".join(traceback.format_exception(error))]
    seen: BaseException | None = error
    while seen is not None:
        texts += [repr(seen), str(seen), repr(seen.args)]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(texts)


@pytest.mark.parametrize(
    ("name", "more", "kinds"),
    [
        ("upbit", {}, {0}),
        ("usdm", {"orders": "rest"}, {1, 4}),
        ("usdm", {"orders": "websocket"}, {1, 2, 4}),
        ("spot", {}, {1}),
    ],
)
async def test_orders_under_faults(name: str, more: dict[str, Any], kinds: set[int], wire: Wire, log: Path) -> None:
    rules = {"enforce": False, "upbit_order": 200}
    settings = SimulatorSettings.model_validate({"symbols": ("BTC", "XRP"), "rules": rules, "accounts": ACCOUNTS})
    quick = {"orders_per_second": 200} if name == "upbit" else {}
    value = Decimal(20_000) if name == "upbit" else Decimal(300)
    async with Simulator(settings) as server, line(Near(server), name, 3, value, **more, **quick) as tested:
        for fault in [
            *storm(name),
            Fault.model_validate({"kind": "garbage", "venue": name, "share": 0.1, "lasts": 10**9}),
        ]:
            server.add_fault(fault)
        await tested.driver.drive(40)
        await compared(tested)
    assert kinds <= wire.kinds  # else this test has listened to nothing
    assert tested.driver.errors
    shown = _text(log) + "".join(map(told, tested.driver.errors)) + repr(tested.driver.books.sent)
    assert wire.found_in(shown) == []


@pytest.mark.parametrize("secret", ["wrong-secret-0123456789", "wrong-secret\n", "-----BEGIN PRIVATE KEY-----\nwrong"])
@pytest.mark.parametrize("name", ["upbit", "usdm", "spot"])
async def test_keys_that_are_wrong(name: str, secret: str, wire: Wire, log: Path) -> None:
    settings = SimulatorSettings.model_validate({"symbols": ("BTC",), "accounts": ACCOUNTS})
    async with Simulator(settings) as server:
        plugin, own, secrets = parts(name, server.address)
        for wrong in ({**secrets, "api_secret": secret}, {**secrets, "api_key": secret}):
            wire.secrets |= {secret.strip(), secret}
            with pytest.raises(ArbcoreError) as caught:
                async with plugin.open_venue(own, context(name, wrong)) as venue:
                    await venue.snapshot()
            assert wire.found_in(told(caught.value) + _text(log)) == []


def test_a_whole_session(tmp_path: Path) -> None:
    """A paper session whose exchanges have keys, under faults; everything that it wrote is searched."""
    keys = {"api_key": {"env": "DRIVER_KEY"}, "api_secret": {"env": "DRIVER_SECRET"}}
    values = {"DRIVER_KEY": "topsecret-key-0123456789", "DRIVER_SECRET": "topsecret-secret-0123456789"}
    storms = tmp_path / "storm.json"
    kinds = [{"kind": "garbage", "at": "1s", "lasts": "1s"}, {"kind": "http_5xx", "at": "2s", "lasts": "1s"}]
    storms.write_text(json.dumps({"faults": kinds}))
    folder = tmp_path / "project"
    with simulator("--count", "2", "--faults", str(storms)) as address:
        config = project(folder, address, symbols_of(address), exchanges={"upbit": keys, "binance": keys})
        command = [sys.executable, "-m", "arbcore", "run", config.name, "--for", "3s", "--plain", "--json"]
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **values}, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 0, done.stderr
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix in {".db", ".sqlite"} for path in files), files
    written = b"".join(path.read_bytes() for path in files) + done.stdout.encode() + done.stderr.encode()
    assert b"DRIVER_KEY" in written  # the name of the variable is no secret
    assert [text for text in values.values() if text.encode() in written] == []
