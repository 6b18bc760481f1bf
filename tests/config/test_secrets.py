"""Secrets: found where the reference says, named by place when missing, shown nowhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from arbcore.config import Config, explain_values, missing_secrets, resolve_secret, resolve_secrets
from arbcore.errors import ConfigurationError
from arbcore.settings import Secret

Check = Callable[..., Config]


def test_from_the_environment_and_from_files(check: Check, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    config = check("exchanges.left.accounts=[{file: token}, {env: SECOND}]")
    values = resolve_secrets(config.exchanges["left"], {"LEFT_KEY": "one", "SECOND": "two"}, config.folder)
    assert values == {"api_key": "one", "accounts[0]": "from-file", "accounts[1]": "two"}
    assert resolve_secrets(config.exchanges["right"], {}, config.folder) == {}


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (Secret("env", "NOPE"), "the secret env NOPE is not set\n  fix: set it"),
        (Secret("env", "EMPTY"), "the secret env EMPTY is not set"),
        (Secret("file", "nope"), "the secret file .*nope: No such file or directory"),
        (Secret("file", "empty"), "the secret file empty is not set"),
        (Secret("file", "binary"), "the secret file .*binary is not UTF-8 text"),
        (Secret("keyring", "entry"), "no plugin of the config keeps secrets, so keyring entry can't be read"),
    ],
)
def test_a_secret_that_is_not_there(tmp_path: Path, secret: Secret, message: str) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=message):
        resolve_secret(secret, {"EMPTY": ""}, tmp_path)


def test_a_plugin_may_keep_secrets(tmp_path: Path) -> None:
    assert resolve_secret(Secret("keyring", "entry"), {}, tmp_path, {"entry": "kept"}.__getitem__) == "kept"


def test_the_message_names_the_setting(check: Check) -> None:
    config = check()
    with pytest.raises(ConfigurationError, match=r"exchanges\.left\.api_key: the secret env LEFT_KEY is not set"):
        resolve_secrets(config.exchanges["left"], {}, config.folder)


def test_missing_secrets_are_findings(check: Check) -> None:
    config = check()
    assert [(one.level, one.path) for one in missing_secrets(config, {})] == [("override", "exchanges.left.api_key")]
    assert missing_secrets(config, {"LEFT_KEY": "x"}) == []


def test_show_and_hash_hold_no_value(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEFT_KEY", "hunter2")
    config = check("exchanges.left.accounts=[{keyring: entry}]")
    shown = {one.path: one.value for one in explain_values(config)}
    assert shown["exchanges.left.api_key"] == "*** (env LEFT_KEY)"
    assert shown["exchanges.left.accounts[0]"] == "*** (keyring entry)"
    assert "hunter2" not in repr((shown, config.values(), config, config.exchanges["left"]))
