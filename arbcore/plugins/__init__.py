"""Plugins: find what is installed, load what the config names, register it on its hooks, call it typed.

Finding reads metadata and imports nothing. Loading imports only what is named, in the config's order, and every
failure is an error that says which plugin, from which distribution, and what to do.
"""

from arbcore.plugins._call import hooks_of, implements, session_started, session_stopped, settings_model_of
from arbcore.plugins._choose import first_party
from arbcore.plugins._files import kernel_version
from arbcore.plugins._find import Found, find
from arbcore.plugins._load import LoadedPlugin, Plugins, Wanted, load, load_command

__all__ = [
    "Found",
    "LoadedPlugin",
    "Plugins",
    "Wanted",
    "find",
    "first_party",
    "hooks_of",
    "implements",
    "kernel_version",
    "load",
    "load_command",
    "session_started",
    "session_stopped",
    "settings_model_of",
]
