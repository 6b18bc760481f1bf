"""The site: every page has its place, every link leads somewhere, every public module is explained."""

import re
from importlib import import_module
from pkgutil import walk_packages

import pytest
from ruamel.yaml import YAML

import arbcore
from arbcore.testing._suite import Suite
from tests.docs.snippets import ROOT, blocks, pages

DOCS = ROOT / "docs"
LINK = re.compile(r"\[[^]\[]*\]\((?P<target>[^)\s]+)\)")
LISTED = re.findall(r"^::: (\S+)$", "\n".join(path.read_text("utf-8") for path in DOCS.glob("api/*.md")), re.MULTILINE)
PUBLIC = ("arbcore.model", "arbcore.ports", "arbcore.hooks", "arbcore.testing")
OTHERS = ("CONTRIBUTING.md", "SECURITY.md", "changes/README.md")


def prose(page: str) -> str:
    """Return a page without its fenced blocks and inline code."""
    text = (ROOT / page).read_text("utf-8")
    for block in blocks(page, text):
        text = text.replace(block.text, "")
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as both GitHub and the site make them."""
    text = (ROOT / page).read_text("utf-8")
    headings = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", [*pages(), *OTHERS])
def test_links_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    broken = []
    for match in LINK.finditer(prose(page)):
        path, _, anchor = match["target"].partition("#")
        if "://" in path:
            continue
        target = (folder / path).resolve() if path else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(target.relative_to(ROOT).as_posix())):
            broken.append(match["target"])
    assert broken == []


def test_pages_of_the_site_link_only_to_each_other() -> None:
    strays = [
        f"{page}: {match['target']}"
        for page in pages()
        if page.startswith("docs/")
        for match in LINK.finditer(prose(page))
        if "://" not in match["target"]
        and not ((ROOT / page).parent / match["target"].partition("#")[0]).resolve().is_relative_to(DOCS)
    ]
    assert strays == []


def test_every_page_is_in_the_navigation_once() -> None:
    config = YAML(typ="safe").load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert sorted(_leaves(config["nav"])) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.glob("**/*.md"))


def _leaves(tree: object) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    values = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    return [leaf for value in values for leaf in _leaves(value)]


@pytest.mark.parametrize("module", LISTED)
def test_a_listed_module_is_there_and_says_what_it_is(module: str) -> None:
    assert import_module(module).__doc__


def test_every_public_module_is_listed_once() -> None:
    public = {
        info.name
        for info in walk_packages(arbcore.__path__, "arbcore.")
        if info.name.startswith(tuple(f"{name}." for name in PUBLIC)) and "._" not in info.name
    }
    assert sorted(set(LISTED)) == sorted(LISTED)
    assert public - set(LISTED) == set()


def test_every_suite_is_in_the_table() -> None:
    modules = [import_module(name) for name in LISTED if name.startswith("arbcore.testing.")]
    suites = {
        f"{one.__module__}.{one.__name__}"
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Suite) and one is not Suite
    }
    page = (DOCS / "plugins" / "conformance.md").read_text("utf-8")
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `(\S+)` \| [^|]+ \| ([^|]*) \| ([^|]*)\|$", page, re.MULTILINE)}
    assert set(rows) == suites
    for name, cells in rows.items():
        module, _, suite = name.rpartition(".")
        told = re.findall(r"`(\w+)`", " ".join(cells))
        standard = _fixtures(getattr(import_module(module), suite))
        assert standard >= set(told), name


def _fixtures(suite: type[Suite]) -> set[str]:
    """Return what the suite's own fixtures and tests ask for, and the fixtures that it has."""
    members = {name: one for base in suite.__mro__ for name, one in vars(base).items()}
    asked = set(members)
    for one in members.values():
        function = getattr(one, "__wrapped__", one)
        code = getattr(function, "__code__", None)
        if code is not None:
            asked |= set(code.co_varnames[: code.co_argcount])
    return asked
