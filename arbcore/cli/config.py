"""`arb config`: make, show, check and describe configs, and change that of a running session."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_config import Selection, config_options, open_config
from arbcore.cli._frame_output import note, print_json, print_table, shown_text
from arbcore.cli._giving import Giving, giving_options, override_option

if TYPE_CHECKING:
    from arbcore.config import RawConfig
    from arbcore.config.schema import Models
    from arbcore.settings import Finding


@click.group(name="config")
def command() -> None:
    """Make, show and check configs."""


@command.command("new")
@click.argument("path", type=click.Path(path_type=Path), default="arb.yaml")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def new_config(path: Path, force: bool) -> None:
    """Write a config to start from, with comments."""
    from arbcore.templates import write_files

    write_files({path: "arb.yaml"}, force=force)
    note(f"wrote {path}")


@command.command("show")
@config_options()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_config(selection: Selection, as_json: bool) -> None:
    """Show every value in force and where it comes from; secrets are masked."""
    from arbcore.config import explain_values

    config, _ = selection.open()
    shown = explain_values(config)
    if as_json:
        files = [str(file) for file in config.raw.files]
        print_json({"schema_version": 1, "config_hash": config.hash, "files": files, "values": shown})
        return
    print_table(["key", "value", "origin"], [(one.path, shown_text(one.value), one.origin) for one in shown])
    note(f"config hash {config.hash}")


@command.command("validate")
@config_options()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def validate_config(context: click.Context, selection: Selection, as_json: bool) -> None:
    """Check a config with all of its plugins. Exits with 3 and lists everything that is wrong."""
    from arbcore.config import InvalidConfig, describe

    raw = selection.load()
    try:
        errors, warnings, digest = _check(raw)
    except InvalidConfig as error:
        if not as_json:
            raise
        errors, warnings, digest = list(error.findings), [], ""
    if as_json:
        listed = [_located(finding, raw) for finding in (*errors, *warnings)]
        print_json({"schema_version": 1, "valid": not errors, "config_hash": digest, "findings": listed})
    elif errors:
        raise InvalidConfig(errors, raw)
    else:
        for warning in warnings:
            note(f"warning:{describe(warning, raw).removeprefix(' ')}")
        click.echo("ok")
    context.exit(InvalidConfig.exit_code if errors else 0)


@command.command("schema")
@config_options()
@click.option("--installed", is_flag=True, help="Include every installed plugin, not only those the config names.")
def schema_of_config(selection: Selection, installed: bool) -> None:
    """Print the JSON schema of the config, for editors: with the plugins that it names, or all installed ones."""
    from arbcore.config import json_schema

    raw = selection.load() if selection.found else None
    print_json(json_schema(_models(raw, installed=installed or raw is None)))


@command.command("set")
@click.argument("key")
@click.argument("value")
@override_option
@giving_options
def set_config(key: str, value: str, giving: Giving) -> None:
    """Set KEY, such as strategies.premium.enter_bps, to VALUE in a running session; no file is changed.

    Strategies and risk tiers say which of their settings may change while they run. It holds until the config is
    edited: a start that goes on with the journal keeps it.
    """
    from arbcore.cli._changing import set_value

    set_value(giving, key, value)


@command.command("preset")
@click.argument("strategy")
@click.argument("preset")
@override_option
@giving_options
def apply_preset(strategy: str, preset: str, giving: Giving) -> None:
    """Lay PRESET of strategies.STRATEGY.presets over that STRATEGY in a running session."""
    from arbcore.model.command import ApplyPreset

    giving.give(ApplyPreset(strategy=strategy, preset=preset))


def _check(raw: "RawConfig") -> "tuple[list[Finding], list[Finding], str]":
    """Return errors, warnings and hash of a config, secrets that can't be resolved among the findings."""
    from arbcore.config import missing_secrets, weigh

    config, _ = open_config(raw, say=False)
    unresolved = [] if config.session.mode == "backtest" else missing_secrets(config, os.environ)
    errors, warnings = weigh([*config.warnings, *unresolved], config.session.profile)
    return errors, warnings, config.hash


def _located(finding: "Finding", raw: "RawConfig") -> dict[str, str]:
    from arbcore.config.tree import parse_path

    origin = raw.origin(parse_path(finding.path))
    where = origin.text if origin else ""
    return {
        "level": finding.level,
        "path": finding.path,
        "origin": where,
        "text": finding.text,
        "fix": finding.fix,
    }


def _models(raw: "RawConfig | None", *, installed: bool) -> "Models":
    """Return settings models by kind and name; an installed plugin that can't be loaded is left out, with a note."""
    from arbcore.config import allowed, wanted
    from arbcore.errors import PluginError
    from arbcore.plugins import find, load, settings_model_of

    allow = allowed(raw) if raw else {}
    names = wanted(raw) if raw else []
    models = {(item.kind, item.name): settings_model_of(item) for item in load(names, allow)}
    for found in find() if installed else ():
        key = (found.kind, found.name)
        if key in models or found.kind == "command":
            continue
        try:
            models[key] = settings_model_of(load([(*key, "arb config schema")], allow).get(*key))
        except PluginError as error:
            note(f"left out: {error.what}")
    return models
