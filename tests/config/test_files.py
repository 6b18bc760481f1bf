"""Reading files: YAML 1.2 stays text where people mean text, and errors name file and line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.config import load
from arbcore.config.files import parse_value
from arbcore.config.tree import Origin, Tree, leaves
from arbcore.errors import ConfigurationError

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[ON, NO, yes, Off, y]", ["ON", "NO", "yes", "Off", "y"]),
        ("12:30:45", "12:30:45"),
        ("2025-07-05", "2025-07-05"),
        ("2025-07-05T10:00:00Z", "2025-07-05T10:00:00Z"),
        ("'1'", "1"),
        ("!!str 5", "5"),
        ("010", 10),
        ("0x1f", 31),
        ("50_000_000", 50_000_000),
        ("-1.5e3", -1500.0),
        ("12345678.123456789012345678", "12345678.123456789012345678"),
        ("true", True),
        ("~", None),
        ("", None),
        ("{}", {}),
        ("[]", []),
    ],
)
def test_scalars(write: Write, text: str, value: object) -> None:
    assert load([write(f"session: {{name: x}}\nkey: {text}\n")], {}).values["key"] == value


def test_keys_are_text_whatever_they_look_like(write: Write) -> None:
    raw = load([write("balances: {NO: 1, 1INCH: 2, 2024: 3, null: 4, true: 5}")], {})
    assert raw.values == {"balances": {"NO": 1, "1INCH": 2, "2024": 3, "null": 4, "true": 5}}


def test_an_old_yaml_directive_does_not_turn_assets_into_booleans(write: Write) -> None:
    raw = load([write("%YAML 1.1\n---\nsymbols: [ON, NO]\ntime: 12:30:45\n")], {})
    assert raw.values == {"symbols": ["ON", "NO"], "time": "12:30:45"}


def test_every_value_knows_its_line(write: Write) -> None:
    path = write("session:\n  name: x\n\nlist:\n  - a\n  - {b: 1}\n")
    raw = load([path], {})
    lines = {where: raw.origins[where].text for where, _ in leaves(raw.values)}
    assert lines == {
        ("session", "name"): f"{path}:2",
        ("list", 0): f"{path}:5",
        ("list", 1, "b"): f"{path}:6",
    }


def test_an_alias_is_the_value_again(write: Write) -> None:
    raw = load([write("a: &shared {x: 1}\nb: *shared\n")], {})
    assert raw.values == {"a": {"x": 1}, "b": {"x": 1}}
    assert raw.origins["b", "x"].text.endswith(":1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", r"arb\.yaml:3: the key 'a' is there twice, first at .*arb\.yaml:1"),
        ("sinks:\n  log: {}\n  log: {}\n", r"arb\.yaml:3: the key 'log' is there twice"),
        ("a: [1", r"arb\.yaml:1: not YAML: expected"),
        ("a: 1\n---\nb: 2", r"arb\.yaml:2: not YAML: but found another document"),
        ("\ta: 1", r"arb\.yaml:1: not YAML"),
        ("a: \0", r"not YAML: a forbidden character"),
        ("a: " + "[" * 3000, r"not YAML"),
        ("a: !!python/name:os.system x", r"arb\.yaml:1: the tag .* is not allowed"),
        ("a: &a [*a]", r"arb\.yaml:1: an alias inside of what it stands for"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n", r"arb\.yaml:3: a key must be plain text \(merge keys"),
        ("? [a, b]\n: 1\n", r"arb\.yaml:1: a key must be plain text"),
        ("a: &x 1\nb: &x 2\n", r"an anchor \(&name\) is there twice"),
        ("a: .nan", r"arb\.yaml:1: nan is not a finite number"),
        ("a: -.inf", r"arb\.yaml:1: -inf is not a finite number"),
        ("- a\n- b\n", r"arb\.yaml:1: a config is a mapping of sections"),
        ("just text", r"arb\.yaml:1: a config is a mapping of sections"),
    ],
)
def test_malformed_yaml_is_one_clear_error(write: Write, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load([write(text)], {})


def test_an_empty_file_is_an_empty_config(write: Write) -> None:
    assert load([write("# nothing yet\n")], {}).values == {}


def test_toml(write: Write) -> None:
    path = write(
        'schema_version = 1\n[session]\nname = "x"\nstart = 2025-07-05\n[[routes]]\nshare = 0.5\n'
        "exact = 12345678.123456789012345678\n",
        "arb.toml",
    )
    raw = load([path], {})
    assert raw.values == {
        "schema_version": 1,
        "session": {"name": "x", "start": "2025-07-05"},
        "routes": [{"share": 0.5, "exact": "12345678.123456789012345678"}],
    }
    assert {raw.origins[where].text for where, _ in leaves(raw.values)} == {str(path)}


@pytest.mark.parametrize(
    ("text", "message"),
    [("a = 1\na = 2\n", r"arb\.toml: Cannot overwrite a value \(at line 2"), ("a = inf", r"arb\.toml: inf is not")],
)
def test_malformed_toml(write: Write, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load([write(text, "arb.toml")], {})


def test_yaml_and_toml_merge(write: Write) -> None:
    raw = load([write("session: {name: x, mode: paper}"), write('[session]\nname = "y"\n', "over.toml")], {})
    assert raw.values == {"session": {"name": "y", "mode": "paper"}}


def test_files_that_can_not_be_read(tmp_path: Path, write: Write) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: No such file or directory\n  fix: .*arb init"):
        load([tmp_path / "none.yaml"], {})
    with pytest.raises(ConfigurationError, match=r"arb\.json: a config is a \.yaml, \.yml or \.toml file"):
        load([write("{}", "arb.json")], {})
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(ConfigurationError, match=r"latin\.yaml: not UTF-8"):
        load([tmp_path / "latin.yaml"], {})


MARKS = [
    ": ",
    "\n",
    " ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    '"',
    "#",
    "!",
    "<<",
    "? ",
    "> ",
    "---",
    "...",
    "\t",
    "\x00",
]
WORDS = [
    "a",
    "é",
    "&x ",
    "*x",
    "!!int ",
    "!<t>",
    "| ",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    '"\\x',
    '"\\ud800"',
    "\ufeff",
    "\x85",
]
SCALARS = ["1", "e5", ".", "-.inf", "0x", "0o9", "~", "true"]
PIECES = st.sampled_from([*MARKS, *WORDS, *SCALARS])


@given(st.lists(PIECES, max_size=14).map("".join))
def test_any_text_is_a_value_or_one_clear_error(text: str) -> None:
    origin = Origin("flag", "--set key")
    try:
        tree = parse_value(text, origin, ("key",))
    except ConfigurationError as error:
        tree, message = Tree(), str(error)
    else:
        message = "--set key: "
    assert message.startswith("--set key: ")
    assert set(tree.origins.values()) <= {origin}
    assert {path for path, _ in leaves(tree.values) if path} <= set(tree.origins)
