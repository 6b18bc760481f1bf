"""Write what is generated: the page of the hooks, and the table of this project's own plugins.

python -m tools.generated           writes both files
python -m tools.generated --check   tells whether they are up to date, and writes nothing
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from inspect import cleandoc, getdoc, isfunction, signature
from pathlib import Path

from arbcore.hooks import API_VERSION, KINDS, MIN_API, CommonHooks, Kind

ROOT = Path(__file__).resolve().parents[1]

PAGE = Path("docs/plugins/hooks.md")
TABLE = Path("arbcore/first_party.json")

_INTRODUCTION = f"""\
# Hooks

This page is made from the specifications in `arbcore/hooks/` by `python -m tools.generated`; a test holds it to them.

A plugin is an instance that an entry point names. Its class declares the contract that it speaks,
`api_version: int = {API_VERSION}` (this kernel accepts {MIN_API} to {API_VERSION}), and marks each hook with
`@hookimpl` from `arbcore.hooks`. An implementation may leave out arguments that it does not need. Hooks are
synchronous and do no I/O. Every factory is called on one plugin and must return exactly one result of the stated
type; an exception that is not one of `arbcore.errors` is reported as a broken plugin, chained.

**Provisional** hooks have no second implementation yet and may change in a minor version. All others change only
with `api_version`.
"""

_KIND_TABLE = """\
| kind | entry-point group | section of the config | required |
|---|---|---|---|
"""


def hooks_page() -> str:
    """The text of the page of the hooks."""
    kinds = [kind for kind in KINDS.values() if kind.hooks is not None]
    parts = [_INTRODUCTION, _KIND_TABLE + "".join(_kind_row(kind) for kind in KINDS.values())]
    for kind in kinds:
        parts += _chapter(f"Kind `{kind.name}`", kind.hooks or object)
    parts += _chapter("Any kind", CommonHooks)
    return "\n".join(parts)


def first_party_table(root: Path) -> str:
    """The table of the plugins that the workspace offers: distribution by kind and name, as JSON."""
    groups = {kind.group: kind.name for kind in KINDS.values()}
    table: dict[str, dict[str, str]] = {}
    for path in sorted(root.glob("plugins/*/*/pyproject.toml")):
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        for group, entries in project.get("entry-points", {}).items():
            for name in entries:
                table.setdefault(groups[group], {})[name] = project["name"]
    return json.dumps(table, indent=2, sort_keys=True) + "\n"


def _kind_row(kind: Kind) -> str:
    required = "; ".join(" or ".join(f"`{hook}`" for hook in group) for group in kind.required)
    section = f"`{kind.section}`" if kind.section else "none"
    return f"| {kind.name} | `{kind.group}` | {section} | {required or 'a click command'} |\n"


def _chapter(title: str, hooks: type[object]) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"{cleandoc(hooks.__doc__ or '')}\n"
    for base in hooks.__bases__:
        if inherited := [name for name, member in vars(base).items() if hasattr(member, "arbcore_spec")]:
            yield f"Also, as below: {', '.join(f'`{name}`' for name in inherited)}.\n"
    for name, member in vars(hooks).items():
        if isfunction(member) and hasattr(member, "arbcore_spec"):
            yield _hook(name, getdoc(member) or "", str(signature(member)))


def _hook(name: str, text: str, form: str) -> str:
    body, _, provisional = text.partition("\n\nProvisional: ")
    mark = " (provisional)" if provisional else ""
    short = re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Z])", "", form)  # names without their modules
    note = f"\n**Provisional**: {provisional}\n" if provisional else ""
    return f"### `{name}`{mark}\n\n```python\ndef {name}{short}: ...\n```\n\n{_sections(body)}\n{note}"


def _sections(body: str) -> str:
    lines = []
    for line in body.splitlines():
        heading = line in {"Args:", "Returns:", "Raises:"}
        lines.append(f"*{line[:-1].replace('Args', 'Arguments')}*\n" if heading else _item(line))
    return "\n".join(lines)


def _item(line: str) -> str:
    if not line.startswith("    "):
        return line
    text = line.removeprefix("    ")
    return re.sub(r"^(\w+): ", r"- `\1`: ", text)


def main(arguments: list[str]) -> int:
    """Write the files, or compare them; the number of files that differ is the exit code's truth."""
    wanted = {PAGE: hooks_page(), TABLE: first_party_table(ROOT)}
    stale = [path for path, text in wanted.items() if _read(ROOT / path) != text]
    for path in stale:
        print(f"{path} is out of date" if "--check" in arguments else f"writes {path}")
        if "--check" not in arguments:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(wanted[path], "utf-8")
    return 1 if stale and "--check" in arguments else 0


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
