"""Numbers of the simulated venues: whole hundred-millionths, so that no price or size is ever off its grid."""

from typing import Final

ATOMS: Final = 100_000_000
"""Hundred-millionths in one."""

_DIGITS: Final = 8


def decimals_of(step: int) -> int:
    """Return how many decimals a step of that many atoms has: 0 to 8."""
    count = _DIGITS
    while count and step % 10 == 0:
        step //= 10
        count -= 1
    return count


def text(atoms: int, decimals: int) -> str:
    """Return atoms as decimal text with exactly that many decimals; what is finer is cut off."""
    if not decimals:
        return str(atoms // ATOMS)
    whole, rest = divmod(atoms // 10 ** (_DIGITS - decimals), 10**decimals)
    return f"{whole}.{rest:0{decimals}d}"


def number(atoms: int) -> float:
    """Return atoms as a JSON number: whole where it is whole, as Upbit's REST shows prices in won."""
    return atoms // ATOMS if atoms % ATOMS == 0 else atoms / ATOMS


def atoms(value: float | str) -> int:
    """Return the nearest number of atoms."""
    return round(float(value) * ATOMS)
