"""`arb plugins`: what is installed, what one plugin offers, and whether it keeps its contract."""

import json
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from arbcore.cli._frame_output import print_json, print_table, shown_text
from arbcore.errors import ArbcoreError, PluginBroken, PluginNotFound

if TYPE_CHECKING:
    from arbcore.plugins import Found, LoadedPlugin
    from arbcore.ports.control import Check
    from arbcore.settings import PluginSettings


@click.group(name="plugins")
def command() -> None:
    """List, show and check plugins."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_plugins(as_json: bool) -> None:
    """List the installed plugins, from their metadata alone: nothing is imported."""
    from arbcore.plugins import find

    found = find()
    if as_json:
        print_json({"plugins": [_entry(item) for item in found]})
        return
    rows = [[item.kind, item.name, item.distribution, item.version, _verdict(item)] for item in found]
    print_table(["kind", "name", "distribution", "version", "verdict"], rows)


@command.command("show")
@click.argument("plugin", metavar="[KIND:]NAME")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_plugin(plugin: str, as_json: bool) -> None:
    """Show the settings, hooks and capabilities of a plugin. This imports it."""
    described = [(item, _describe(item)) for item in _select(plugin)]
    if as_json:
        print_json({"plugins": [description for _, description in described]})
        return
    for item, description in described:
        print_table(["", f"{item.kind}:{item.name}"], _facts(description))
        if item.kind != "command":
            print_table(["setting", "type", "default", "meaning"], _settings_rows(item))


@command.command("check")
@click.argument("plugin", metavar="[KIND:]NAME")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def check_plugin(context: click.Context, plugin: str, as_json: bool) -> None:
    """Import a plugin and check what can be checked without a session. Exits with 3 where a check fails."""
    from msgspec import to_builtins

    results = [(f"{item.kind}:{item.name}", check) for item in _select(plugin) for check in _checks(item)]
    passed = all(check.status != "fail" for _, check in results)
    if as_json:
        print_json({"ok": passed, "checks": [{"plugin": of, **to_builtins(check)} for of, check in results]})
    else:
        rows = [[of, check.name, check.status, check.detail, check.fix] for of, check in results]
        plugins = list(dict.fromkeys(of for of, _ in results))
        # A column that says the same in every row only takes room from the others.
        shown = slice(1 if len(plugins) == 1 else 0, 4 if passed else 5)
        columns = ["plugin", "check", "result", "seen", "fix"]
        print_table(columns[shown], [row[shown] for row in rows], ", ".join(plugins))
    context.exit(0 if passed else PluginBroken.exit_code)


def _select(plugin: str) -> "list[Found]":
    from arbcore.plugins import find

    found = find()
    named = {f"{item.kind}:{item.name}": item for item in found}
    chosen = [item for key, item in named.items() if plugin in {key, item.name}]
    if not chosen:
        near = get_close_matches(plugin, [*named, *(item.name for item in found)], n=1)
        raise PluginNotFound(
            f"no plugin {plugin!r} is installed; installed are: {', '.join(named) or 'none'}",
            f"did you mean {near[0]!r}?" if near else "`arb plugins list` lists what is installed",
        )
    return chosen


def _entry(item: "Found") -> dict[str, Any]:
    names = ("kind", "name", "distribution", "version", "requires", "verdict", "duplicate")
    return {name: getattr(item, name) for name in names}


def _verdict(item: "Found") -> str:
    fit = {
        "unmet": f"needs arbcore{item.requires}",
        "unstated": "states no kernel",
        "unknown": f"unreadable: arbcore{item.requires}",
    }
    return ("duplicate, " if item.duplicate else "") + fit.get(item.verdict, item.verdict)


def _load(item: "Found") -> "LoadedPlugin":
    from arbcore.plugins import load

    return load([(item.kind, item.name, "the command line")]).get(item.kind, item.name)


def _describe(item: "Found") -> dict[str, Any]:
    from arbcore.plugins import settings_model_of

    if item.kind == "command":
        return _entry(item) | {"hooks": [], "settings": {}, "capabilities": None}
    loaded = _load(item)
    model = settings_model_of(loaded)
    capabilities = _capabilities(loaded, _sample(model, loaded.name))
    facts = {"files": loaded.files, "hooks": list(loaded.hooks)}
    return _entry(item) | facts | {"settings": model.model_json_schema(), "capabilities": capabilities}


def _sample(model: "type[PluginSettings]", name: str) -> "PluginSettings | None":
    """Return the settings of an instance that sets nothing, None where the plugin requires something."""
    from pydantic import ValidationError

    try:
        return model.model_validate({"use": name})
    except ValidationError:
        return None


def _capabilities(loaded: "LoadedPlugin", settings: "PluginSettings | None") -> dict[str, Any] | None:
    from msgspec import to_builtins

    from arbcore.hooks import ExchangeHooks
    from arbcore.plugins import hooks_of, implements

    if settings is None or not implements(loaded, "capabilities"):
        return None
    record: dict[str, Any] = to_builtins(
        hooks_of(loaded, ExchangeHooks).capabilities(settings=settings), order="deterministic"
    )
    return record


def _facts(description: dict[str, Any]) -> list[list[str]]:
    rows = [[name, str(description[name])] for name in ("distribution", "version", "requires", "verdict")]
    rows.append(["hooks", ", ".join(description["hooks"])])
    capable = (description["capabilities"] or {}).items()
    return rows + [
        [name, ", ".join(value) if isinstance(value, list) else shown_text(value)] for name, value in capable
    ]


def _settings_rows(item: "Found") -> list[list[str]]:
    from arbcore.cli._plugin_settings import setting_rows
    from arbcore.plugins import settings_model_of

    return setting_rows(settings_model_of(_load(item)))


def _checks(item: "Found") -> "Iterator[Check]":
    """Run the checks that need no session, each after those that it builds on."""
    from arbcore.cli._plugin_checks import secrets_seen
    from arbcore.plugins import load_command, settings_model_of

    if item.kind == "command":
        yield _run("loads", lambda: _command_seen(load_command(item.name)))
        return
    try:
        loaded = _load(item)
    except ArbcoreError as error:
        yield _failed("loads", error)
        return
    yield _run("loads", lambda: f"hooks: {', '.join(loaded.hooks)}")
    yield (settings := _run("settings", lambda: _settings_seen(settings_model_of(loaded))))
    if settings.status == "ok":
        model, looks = settings_model_of(loaded), _looks()
        yield _run("secrets", lambda: secrets_seen(model, loaded.name))
        sample = _sample(model, loaded.name)
        for hook in loaded.hooks:
            if look := looks.get(hook):
                yield (seen := _run(hook, partial(_unless_required, look, loaded, sample)))
                if hook == "capabilities" and seen.status != "ok":
                    return


def _run(name: str, look: Callable[[], str]) -> "Check":
    from arbcore.ports.control import Check

    try:
        return Check(name=name, status="ok", detail=look())
    except ArbcoreError as error:
        return _failed(name, error)


def _failed(name: str, error: ArbcoreError) -> "Check":
    from arbcore.ports.control import Check

    return Check(name=name, status="fail", detail=error.what, fix=error.fix)


def _command_seen(loaded: object) -> str:
    if not isinstance(loaded, click.Command):
        raise PluginBroken(f"the entry point gives {type(loaded).__name__}", "let it name a click command")
    return loaded.get_short_help_str()


def _settings_seen(model: "type[PluginSettings]") -> str:
    try:
        schema = json.loads(json.dumps(model.model_json_schema()))
    except Exception as error:
        raise PluginBroken(f"the settings have no JSON schema: {error}", "use types that JSON knows") from error
    if model.model_config.get("extra") != "forbid" or not model.model_config.get("frozen"):
        raise PluginBroken("the settings accept unknown keys or can change", "leave `frozen` and `extra` as they are")
    return f"{len(schema['properties'])} keys; `arb plugins show` lists them"


def _profiles_seen(loaded: "LoadedPlugin", _settings: "PluginSettings") -> str:
    from arbcore.hooks import CommonHooks
    from arbcore.plugins import hooks_of

    names = [profile.name for profile in hooks_of(loaded, CommonHooks).import_profiles()]
    if len(set(names)) < len(names):
        raise PluginBroken(f"two import profiles share a name: {', '.join(sorted(names))}", "name each its own")
    return ", ".join(names) or "none"


def _looks() -> "dict[str, Callable[[LoadedPlugin, PluginSettings], str]]":
    """Return the check of each hook that can be called without a session."""
    from arbcore.cli import _plugin_checks as checks
    from arbcore.cli import _policy_checks as policy_checks

    # A rate source is built under the name of its rate, which is the config's to give.
    factories = ("open_feed", "open_venue", "open_treasury")
    return {
        "capabilities": checks.capabilities_seen,
        **{hook: checks.factory_seen(hook) for hook in factories},
        "reference_instruments": checks.instruments_seen,
        "import_profiles": _profiles_seen,
        "build_leg_policy": policy_checks.leg_policy_seen,
        "build_slicer": policy_checks.slicer_seen,
    }


def _unless_required(
    look: "Callable[[LoadedPlugin, PluginSettings], str]", loaded: "LoadedPlugin", settings: "PluginSettings | None"
) -> str:
    """Look at a hook with the settings of an instance that sets nothing, where the plugin has them."""
    if settings is None:
        return "not asked: the settings have no defaults for everything"
    return look(loaded, settings)
