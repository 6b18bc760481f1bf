"""The markers and the version of the contract between the kernel and its plugins."""

from typing import Final

from pluggy import HookimplMarker, HookspecMarker

PROJECT: Final = "arbcore"
"""Pluggy's name of the contract."""

API_VERSION: Final = 1
"""Newest contract that this kernel speaks. Removing or retyping a hook raises it; adding one does not."""

MIN_API: Final = 1
"""Oldest contract that this kernel still accepts."""

hookspec: Final = HookspecMarker(PROJECT)
"""Marks a specification; only the kernel uses it."""

hookimpl: Final = HookimplMarker(PROJECT)
"""Marks a plugin's implementation of a hook."""
