"""Production is refused after every consent: what is allotted does not bound a session there yet."""

from pathlib import Path
from typing import Any

import pytest

from arbcore import session
from arbcore.errors import ArbcoreError, SafetyError
from arbcore.session import run_session
from tests.e2e.test_live_session import Follower, project

pytestmark = pytest.mark.anyio


@pytest.fixture
def consented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything consented to."""

    async def yes(*_: Any) -> None:
        return

    monkeypatch.setattr(session, "require_consents", yes)
    for name in ("UPBIT_KEY", "UPBIT_SECRET", "BINANCE_KEY", "BINANCE_SECRET"):
        monkeypatch.setenv(name, "x" * 40)


@pytest.mark.usefixtures("consented")
@pytest.mark.parametrize("environment", ["production", "simulator"])
async def test_only_a_rehearsal_gets_past_the_last_gate(tmp_path: Path, environment: str) -> None:
    made = project(tmp_path / "project", "http://127.0.0.1:1")
    config, plugins = made.open("live")
    object.__setattr__(config, "session", config.session.model_copy(update={"environment": environment}))
    with pytest.raises(ArbcoreError) as caught:  # in a rehearsal nobody listens at that address
        await run_session(config, plugins, Follower().wish(lambda: True))
    refused = isinstance(caught.value, SafetyError) and "production is not open yet" in str(caught.value)
    assert refused is (environment == "production")
