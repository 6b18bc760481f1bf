"""What a client asks of Binance's private side: parameters read strictly, as text until they are numbers."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import unquote_plus

from arbcore_exchange_simulator.binance.refusals import invalid, missing, refused
from arbcore_exchange_simulator.market.numbers import ATOMS

_NUMBER: Final = re.compile(r"\d{1,20}(?:\.\d{1,20})?")
_CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_LONGEST: Final = 36


def parsed(text: str) -> list[tuple[str, str]]:
    """Return the parameters of a query or a body in their order, decoded."""
    pairs = (part.partition("=") for part in text.split("&") if part)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


class Asked:
    """Parameters of a request.

    Attributes:
        values: Text by name.

    Raises:
        Refused: By each method, where a parameter is missing or is not what it should be.
    """

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values: Final = values

    def __contains__(self, name: str) -> bool:
        return bool(self.values.get(name))

    def text(self, name: str) -> str:
        """Return a parameter that has to be there."""
        found = self.values.get(name, "")
        if not found:
            raise missing(name)
        return found

    def maybe(self, name: str, default: str = "") -> str:
        """Return a parameter that may be missing."""
        return self.values.get(name, "") or default

    def whole(self, name: str, default: int | None = None) -> int:
        """Return a whole number of at most 18 digits; it has to be there where there is no default."""
        if name not in self and default is not None:
            return default
        found = self.text(name)
        if not re.fullmatch(r"-?\d{1,18}", found):
            raise refused(-1102, f"Illegal characters found in parameter '{name}'; legal range is '^-?[0-9]{{1,20}}$'.")
        return int(found)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return ``true`` or ``false`` in any case."""
        if name not in self:
            return default
        found = self.values[name].lower()
        if found not in {"true", "false"}:
            raise invalid(name)
        return found == "true"

    def one_of(self, name: str, known: tuple[str, ...], code: int = -1130, default: str = "") -> str:
        """Return one of some words; another is refused with a code."""
        found = self.maybe(name, default) if default else self.text(name)
        if found not in known:
            raise invalid(name) if code == -1130 else refused(code)
        return found

    def money(self, name: str) -> Decimal:
        """Return an amount exactly."""
        found = self.text(name)
        if not _NUMBER.fullmatch(found):
            raise refused(-1100, f"Illegal characters found in parameter '{name}'.")
        return Decimal(found)

    def atoms(self, name: str) -> int:
        """Return a price or a quantity in atoms; more than eight decimals are refused."""
        found = self.money(name) * ATOMS
        if found != found.to_integral_value():
            raise refused(-1111)
        return int(found)


def client_id(asked: Asked, name: str) -> str:
    """Return a client's name of an order; empty where none is told.

    Raises:
        Refused: It is too long, or has characters that a name must not have.
    """
    found = asked.maybe(name)
    if len(found) > _LONGEST:
        raise refused(-4015, "Client order id length should be less than 36 chars")
    if found and not _CLIENT_ID.fullmatch(found):
        legal = "^[\\.A-Z\\:/a-z0-9_-]{1,36}$"
        raise refused(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")
    return found
