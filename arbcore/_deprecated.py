"""Every deprecation of the plugin contract, in one place; a hook that goes gets its warning object here.

A deprecation warns during two minor versions, then the contract's number rises and the old form is refused.
"""

import warnings


class ArbcoreDeprecationWarning(FutureWarning):
    """A plugin uses a form of the contract that a later version removes. Shown to users by default."""


def warn_older_api(plugin: str, declared: int, current: int) -> None:
    """Warn of a plugin that was written for an older contract which is still accepted.

    Args:
        plugin: The plugin, its distribution and version, for people.
        declared: Contract that the plugin declares.
        current: Contract that this kernel speaks.
    """
    warnings.warn(
        f"{plugin} is written for api_version {declared}; this kernel speaks {current} and will stop accepting "
        f"{declared}. Look for a newer version of the distribution.",
        ArbcoreDeprecationWarning,
        stacklevel=2,
    )
