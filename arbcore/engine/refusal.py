"""How parts of the engine say that a command can't be applied."""


class CommandRefused(Exception):
    """A command can't be applied; the text says why. Nothing was changed."""
