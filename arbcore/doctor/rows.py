"""Results of the doctor, and the isolation of its checks: what one of them raises is a row, not the end."""

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import anyio
from msgspec import Struct

from arbcore.errors import ArbcoreError
from arbcore.opening import first_error
from arbcore.ports.control import Check

Result = TypeVar("Result")

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"


class Row(Struct, frozen=True, kw_only=True):
    """A line of the doctor's table.

    Attributes:
        of: What was looked at: ``session``, an exchange, or another instance.
        check: Name of the check.
        status: ``ok``, ``warn`` or ``fail``.
        seen: What was seen.
        fix: What to do; empty where nothing is.
    """

    of: str
    check: str
    status: str
    seen: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something could not be learned.

    Attributes:
        what: What happened.
        fix: What to do about it.
        error: The error itself.
    """

    what: str
    fix: str = ""
    error: BaseException | None = None


def row(of: str, check: Check) -> Row:
    """Return a check as a row."""
    return Row(of=of, check=check.name, status=check.status, seen=check.detail, fix=check.fix)


def trouble(error: BaseException) -> Trouble:
    """Return an error in words; one that was raised alone in a group counts as itself."""
    cause = first_error(error)
    if isinstance(cause, ArbcoreError):
        return Trouble(cause.what, cause.fix, cause)
    return Trouble(f"{type(cause).__name__}: {cause}", "this is a defect of arbcore or of a plugin: report it", cause)


async def attempt(call: Callable[[], Awaitable[Result]], patience_s: float = math.inf) -> Result | Trouble:
    """Return what a call returns, or why it did not."""
    try:
        with anyio.fail_after(patience_s):
            return await call()
    except TimeoutError:
        return Trouble(f"no answer within {patience_s:g} s", "check the network")
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
        return trouble(error)


def guarded(of: str, name: str, look: Callable[[], Sequence[Check]]) -> Iterator[Row]:
    """Yield the rows of a check; one that fails to look is a failed check."""
    try:
        checks = look()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
        met = trouble(error)
        checks = (failed(name, met),)
    yield from (row(of, check) for check in checks)


def failed(name: str, met: Trouble) -> Check:
    """Return a check that could not be made."""
    return Check(name=name, status=FAIL, detail=met.what, fix=met.fix)
