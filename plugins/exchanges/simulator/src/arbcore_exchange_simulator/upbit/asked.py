"""What a private request asks for, parameter by parameter."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from arbcore_exchange_simulator.trading.account import Account, ApiKey
from arbcore_exchange_simulator.upbit.problems import problem, wrong
from arbcore_exchange_simulator.upbit.tokens import Flat
from arbcore_exchange_simulator.wire import Request


class Asked:
    """A verified request.

    Attributes:
        account: Whose it is.
        key: The key it came with.
        method: In capitals.
        path: What follows ``v1/``.
    """

    def __init__(self, request: Request, body: Flat, account: Account, key: ApiKey) -> None:
        self.account: Final = account
        self.key: Final = key
        self.method: Final = request.method
        self.path: Final = request.path.removeprefix("v1/")
        self._lists: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.raw_query, keep_blank_values=True):
            self._lists.setdefault(name, []).append(value)
        for name, value in body.items():
            self._lists[f"{name}[]" if isinstance(value, list) else name] = _texts(value)

    @property
    def told(self) -> Mapping[str, list[str]]:
        """All parameters."""
        return self._lists

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter, or a default where it is missing or empty."""
        found = self._lists.get(name)
        return found[-1] if found and found[-1] else default

    def need(self, name: str) -> str:
        """Return a parameter that must be there.

        Raises:
            Refused: It is not.
        """
        found = self.text(name)
        if not found:
            raise wrong(name)
        return found

    def list(self, name: str, most: int) -> list[str]:
        """Return a parameter of many values: ``name[]`` again and again, or one of commas.

        Raises:
            Refused: There are too many.
        """
        found = self._lists.get(f"{name}[]") or [one for one in self.text(name).split(",") if one]
        if len(found) > most:
            raise wrong(name, name="invalid_parameter")
        return found

    def one_of(self, name: str, known: tuple[str, ...], default: str = "") -> str:
        """Return a parameter with known values.

        Raises:
            Refused: It has none of them.
        """
        found = self.text(name, default)
        if found not in known:
            raise wrong(name)
        return found

    def count(self, name: str, default: int, most: int) -> int:
        """Return a whole number from 1 on; more than the most is the most.

        Raises:
            Refused: It is none.
        """
        told = self.text(name, str(default))
        if not told.isdecimal() or int(told) < 1:
            raise wrong(name)
        return min(int(told), most)

    def require(self, scope: str) -> None:
        """Check what the key may do.

        Raises:
            Refused: It may not.
        """
        if self.key.permissions and scope not in self.key.permissions:
            raise problem("out_of_scope")


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return ["" if one is None else str(one) for one in found]
