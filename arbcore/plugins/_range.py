"""Whether the running kernel lies in the range that a distribution requires of it."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, version

_REQUIREMENT = re.compile(r"arbcore(?=[^-_.\w]|$)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?", re.IGNORECASE)
_CLAUSE = re.compile(r"(~=|==|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?")
_VERSION = re.compile(r"(\d+(?:\.\d+)*)(.*)")

Release = tuple[int, ...]


def kernel_version() -> str:
    """Return the version of the installed kernel, empty where it runs without being installed."""
    try:
        return version("arbcore")
    except PackageNotFoundError:
        return ""


def required_range(distribution: Distribution) -> str:
    """Return what a distribution requires of the kernel, such as ``>=0.1,<1``; empty where it states nothing."""
    clauses = []
    for text in distribution.requires or ():
        match = _REQUIREMENT.fullmatch(text.strip())
        if match and "extra" not in (match[2] or ""):
            clauses += [clause.strip() for clause in match[1].split(",") if clause.strip()]
    return ",".join(sorted(set(clauses), reverse=True))


def judge(required: str, kernel: str) -> str:
    """Tell how a range fits a kernel: ``ok``, ``unmet``, ``unstated``, or ``unknown`` where either can't be read.

    The rules are those of PEP 440 for ranges of final releases, which is what a plugin can sensibly require.
    """
    if not required:
        return "unstated"
    parsed = _VERSION.fullmatch(kernel)
    clauses = [_CLAUSE.fullmatch(clause) for clause in required.split(",")]
    if parsed is None or None in clauses:
        return "unknown"
    final = not re.match(r"\.?(a|b|rc|dev)", parsed[2])
    fits = [_meets(_release(parsed[1]), final, *clause.groups()) for clause in clauses if clause]
    return "ok" if all(fits) else "unmet"


def _meets(release: Release, final: bool, operator: str, text: str, wildcard: str | None) -> bool:
    bound = _release(text)
    if wildcard:
        return (_prefix(release, text) == _prefix(bound, text)) is (operator == "==")
    # A pre-release lies below its release, and still is not "less than" it: PEP 440 keeps it out of both.
    reached = release > bound or (release == bound and final)
    shorter = text.rpartition(".")[0]
    return {
        ">=": reached,
        ">": release > bound,
        "<=": release <= bound,
        "<": release < bound,
        "==": release == bound and final,
        "!=": release != bound or not final,
        "~=": reached and _prefix(release, shorter) == _prefix(bound, shorter),
    }[operator]


def _release(text: str) -> Release:
    numbers = [int(number) for number in text.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _prefix(release: Release, text: str) -> Release:
    length = text.count(".") + 1
    return (release + (0,) * length)[:length]
