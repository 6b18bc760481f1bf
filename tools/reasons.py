"""Write docs/reasons.md from the members of `arbcore.model.reason.Reason` and the texts beside them.

python -m tools.reasons           writes the page
python -m tools.reasons --check   tells whether it is up to date, and writes nothing
"""

import ast
import sys
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[1]
SOURCE: Final = Path("arbcore/model/reason.py")
PAGE: Final = Path("docs/reasons.md")

_INTRODUCTION: Final = """\
# Reason codes

Why something was skipped, refused or ended. Reports count by these codes, and events, alerts and order reports carry
them. A code is `CATEGORY_CONDITION`; its name never changes its meaning.

This page is made from `arbcore/model/reason.py` by `python -m tools.reasons`; a test holds it to the code.
"""

_CATEGORIES: Final = {
    "EDGE": "The signal",
    "EXIT": "Closes",
    "BOOK": "Books",
    "CONNECTION": "Connections",
    "VENUE": "Venues",
    "MARKET": "Markets",
    "INPUT": "Inputs that can't be true",
    "DATA": "Recorded data",
    "RATE": "Conversion rates",
    "SIZE": "Sizes",
    "BALANCE": "Balances",
    "STATE": "State of the engine",
    "SYMBOL": "Symbols",
    "STRATEGY": "Strategies",
    "RISK": "Risk tiers",
    "ORDER": "Orders at a venue",
    "LEG": "Legs that filled differently",
}


def reasons(source: str) -> dict[str, str]:
    """Return every code with the text beside it, in the order of the source.

    Raises:
        ValueError: A code has no text.
    """
    body = next(node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    found = {}
    for node, after in pairwise([*body, ast.Pass()]):
        if isinstance(node, ast.Assign):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[ast.literal_eval(node.value)] = " ".join(text.split())
                case _:
                    raise ValueError(f"line {node.lineno}: a code needs a text below it")
    return found


def page(source: str) -> str:
    """Return the text of the page, one table per category.

    Raises:
        KeyError: A category has no heading.
    """
    parts = [_INTRODUCTION]
    for category, codes in groupby(reasons(source).items(), lambda entry: entry[0].split("_")[0]):
        rows = "".join(f"| `{code}` | {text} |\n" for code, text in codes)
        parts.append(f"## {_CATEGORIES[category]}\n\n| code | meaning |\n|---|---|\n{rows}")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or tell whether it is up to date."""
    wanted, target = page((ROOT / SOURCE).read_text("utf-8")), ROOT / PAGE
    stale = not target.exists() or target.read_text("utf-8") != wanted
    if stale and "--check" in arguments:
        print(f"{PAGE} is out of date: run python -m tools.reasons")
        return 1
    if stale:
        target.write_text(wanted, "utf-8")
        print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
