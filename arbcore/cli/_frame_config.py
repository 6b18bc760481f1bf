"""The options by which commands select their config, and the way from them to a checked config."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arbcore.cli._frame_output import note
from arbcore.errors import ConfigurationError, PluginError

if TYPE_CHECKING:
    from arbcore.config import Config, RawConfig
    from arbcore.plugins import Plugins

DEFAULT_FILE = Path("arb.yaml")
"""The config that a command takes where none is named."""

_SELECTORS = {
    "exchange": ("exchanges", ()),
    "strategy": ("strategies", ("-s",)),
    "fill": ("fills", ()),
    "risk": ("risk", ()),
    "sink": ("sinks", ()),
    "notifier": ("notifiers", ()),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which config a command line means.

    Attributes:
        files: Files, in order; empty where none is named.
        removed: Ids of instances to leave out.
        selected: Section and ``[ID=]NAME`` of plugins to add, with their flag.
        assigned: ``key=value`` texts.
    """

    files: tuple[Path, ...] = ()
    removed: tuple[str, ...] = ()
    selected: tuple[tuple[str, str, str], ...] = ()
    assigned: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether a config is named or lies in the current folder."""
        return bool(self.files) or DEFAULT_FILE.exists()

    def load(self, mode: str | None = None, default: Path = DEFAULT_FILE, folder: Path | None = None) -> "RawConfig":
        """Return the raw config: files, environment, then removals, selections and assignments.

        Args:
            mode: Mode that the command itself stands for.
            default: File to read where none is named.
            folder: Project folder, where it is not that of the first file.

        Raises:
            ConfigurationError: There is no config, or it can't be read.
        """
        from arbcore.config import Override, load

        if not self.files and not default.exists():
            raise ConfigurationError(f"no config: {default} is not here", "name a file, or make one with `arb init`")
        overrides = [Override.without(identity) for identity in self.removed]
        overrides += [Override.use(section, text, flag) for section, text, flag in self.selected]
        overrides += [Override.assign(text) for text in self.assigned]
        if mode:
            overrides.append(Override.mode(mode, f"arb {mode}"))
        return load(self.files or (default,), os.environ, overrides, folder)

    def open(self, mode: str | None = None) -> "tuple[Config, Plugins]":
        """Return the checked config and its loaded plugins; warnings go to stderr.

        Raises:
            ConfigurationError: The config is wrong, a plugin that can't be used included.
        """
        return open_config(self.load(mode))


def config_options(*, positional: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a command the options of config selection, as its argument ``selection``.

    Args:
        positional: Whether config files may also be named without ``-c``.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(*args: Any, **kwargs: Any) -> Any:
            return function(*args, selection=_selection(kwargs), **kwargs)

        return _with_parameters(command, positional=positional)

    return decorate


def open_config(raw: "RawConfig", *, say: bool = True) -> "tuple[Config, Plugins]":
    """Load the plugins that a raw config names and validate it.

    Args:
        raw: The merged config.
        say: Whether warnings, and values that the environment sets, are noted on stderr.

    Raises:
        ConfigurationError: Something is wrong; plugins that can't be used are among what the message lists.
    """
    from arbcore.config import allowed, validate, wanted
    from arbcore.plugins import load, settings_model_of

    names, allow = wanted(raw), allowed(raw)
    try:
        plugins = load(names, allow)
    except PluginError:
        # One by one, so that every missing plugin is listed, and beside them what else is wrong.
        alone = {(kind, name): (kind, name, where) for kind, name, where in names}
        validate(raw, lambda kind, name: settings_model_of(load([alone[kind, name]], allow).get(kind, name)))
        raise
    config = validate(raw, lambda kind, name: settings_model_of(plugins.get(kind, name)))
    if say:
        _say(config)
    return config, plugins


def _say(config: "Config") -> None:
    from arbcore.config import describe

    variables = sorted({origin.text for origin in config.raw.origins.values() if origin.kind == "environment"})
    if variables:
        note(f"config: the environment sets {', '.join(variables)}")
    for warning in config.warnings:
        note(f"warning:{describe(warning, config.raw).removeprefix(' ')}")


def _selection(values: dict[str, Any]) -> Selection:
    """Take the shared options out of a command's arguments."""
    selected = []
    for name, (section, _) in _SELECTORS.items():
        selected += [(section, text, f"--{name}") for text in values.pop(f"select_{name}")]
    return Selection(
        files=(*values.pop("config_arguments", ()), *values.pop("config_files")),
        removed=values.pop("removed"),
        selected=tuple(selected),
        assigned=values.pop("assigned"),
    )


def _adds(kind: str) -> str:
    return f"Add {'an' if kind[0] in 'aeiou' else 'a'} {kind} plugin."


def _with_parameters(command: Callable[..., Any], *, positional: bool) -> Callable[..., Any]:
    path = click.Path(path_type=Path)
    parameters = [
        click.option("-c", "--config", "config_files", multiple=True, type=path, help="Config file; later ones win."),
        click.option("--set", "assigned", multiple=True, metavar="KEY=VALUE", help="Set a value, such as risk.a.b=1."),
        *(
            click.option(f"--{name}", *short, f"select_{name}", multiple=True, metavar="[ID=]NAME", help=_adds(name))
            for name, (_, short) in _SELECTORS.items()
        ),
        click.option("--without", "removed", multiple=True, metavar="ID", help="Leave an instance out."),
    ]
    if positional:
        parameters.insert(0, click.argument("config_arguments", nargs=-1, type=path, metavar="[CONFIG]..."))
    for parameter in reversed(parameters):
        command = parameter(command)
    return command
