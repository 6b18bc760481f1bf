"""Pages of the documentation, and the fenced blocks in them.

The language of a fence says what the test does with it:

- ``console``: lines that begin with ``$ `` are run in order; the lines below one are what it prints, ``...`` standing
  for any text, or alone on its line for any lines. Without such lines the output is not looked at. A command that shows
  an ``error:`` must fail, any other must succeed. ``make`` is not run; its target must exist.
- ``python``: run in a process of its own. It must be complete.
- ``yaml``: a recipe of imports or a config where it begins with ``schema_version``; a part of a config where it names
  its sections; either is validated. Anything else must parse.
- ``toml``, ``json``: must parse.
- ``text``: not run.

A block with ``title="path"`` is written to that file first; Python in it is compiled instead of run. All blocks of a
page share one folder, in order.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

LANGUAGES = frozenset({"console", "python", "yaml", "toml", "json", "text"})
GENERATED = frozenset({"docs/plugins/hooks.md"})
"""Pages made from the code by a tool and held to it by a test of their own."""

_FENCE = re.compile(
    r"^(?P<marks>`{3,})(?P<language>[^\n` ]*)(?P<rest>[^\n`]*)\n(?P<text>.*?)^(?P=marks)$", re.MULTILINE | re.DOTALL
)
_TITLE = re.compile(r'title="(?P<title>[^"]+)"')


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        place: Page and line, for messages.
        language: Word after the fence.
        title: File that it is written to; empty for none.
        text: What stands in it.
    """

    place: str
    language: str
    title: str
    text: str


@dataclass(frozen=True)
class Command:
    """A line of a console and what it prints; ``shown`` is empty where that is not told."""

    place: str
    line: str
    shown: tuple[str, ...]


def pages() -> list[str]:
    """Return the pages whose snippets are run, by their paths in the repository."""
    found = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("cookbook/**/README.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def blocks(page: str, text: str) -> list[Block]:
    """Return the blocks of a page, in order."""
    found = []
    for match in _FENCE.finditer(text):
        title = _TITLE.search(match["rest"])
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(f"{page}:{line}", match["language"], title["title"] if title else "", match["text"]))
    return found


def commands(block: Block) -> list[Command]:
    """Return the commands of a console; a line that ends with a backslash goes on in the next.

    Raises:
        ValueError: The block does not begin with a command.
    """
    found: list[tuple[str, list[str]]] = []
    open_line = False
    for line in block.text.splitlines():
        if open_line:
            found[-1] = (found[-1][0].removesuffix("\\") + line.strip(), found[-1][1])
        elif line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif found:
            found[-1][1].append(line)
        else:
            raise ValueError(f"{block.place}: a console begins with `$ ` and a command")
        open_line = bool(found) and not found[-1][1] and found[-1][0].endswith("\\")
    return [Command(block.place, line, tuple(shown)) for line, shown in found]


def shows(shown: tuple[str, ...], output: str) -> bool:
    """Return whether an output is what a page shows; blank lines at both ends do not matter."""
    parts = [r"(?:.*\n)*?" if line.strip() == "..." else _line(line) for line in shown]
    printed = "".join(f"{line.rstrip()}\n" for line in output.strip("\n").splitlines())
    return re.fullmatch("".join(parts).strip("\n"), printed) is not None


def _line(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"\n"
