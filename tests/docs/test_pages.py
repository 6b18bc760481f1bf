"""Everything that the documentation tells its readers to do works, and prints what they are told."""

from pathlib import Path

import pytest

from tests.docs.snippets import GENERATED, LANGUAGES, ROOT, Block, blocks, commands, pages, shows
from tests.docs.walk import Walk

PAGES = pages()


@pytest.mark.slow
@pytest.mark.timeout(400)  # a page of many commands on a busy machine
@pytest.mark.parametrize("page", [page for page in PAGES if page not in GENERATED])
def test_a_reader_can_do_what_the_page_says(page: str, tmp_path: Path) -> None:
    walk = Walk(tmp_path, cold=page == "README.md")
    for block in blocks(page, (ROOT / page).read_text("utf-8")):
        walk.do(block)
    if walk.left_out:
        pytest.skip(f"all but what needs recorded data: {', '.join(walk.left_out)}")


@pytest.mark.parametrize("page", PAGES)
def test_every_fence_is_closed_and_says_what_it_is(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    found = blocks(page, text)
    assert [block.place for block in found if block.language not in LANGUAGES] == []
    fences = [line for line in text.splitlines() if line.lstrip().startswith("```")]
    inside = sum(line.lstrip().startswith("```") for block in found for line in block.text.splitlines())
    assert len(fences) - inside == 2 * len(found), "a fence is indented, or not closed"


@pytest.mark.parametrize("page", sorted(GENERATED))
def test_signatures_on_generated_pages_are_python(page: str) -> None:
    for block in blocks(page, (ROOT / page).read_text("utf-8")):
        compile(block.text, block.place, "exec", dont_inherit=True)


def test_the_pages_are_found() -> None:
    assert {"README.md", "docs/index.md", "docs/plugins/hooks.md", "cookbook/README.md"} <= set(PAGES)


def test_a_console_is_read_as_commands_and_what_they_print() -> None:
    text = "# A\n\n```console\n$ one \\\n    two\n$ three\nout\n\nmore\n```\n"
    (block,) = blocks("page", text)
    first, second = commands(block)
    assert (first.line, first.shown) == ("one two", ())
    assert (second.line, second.shown) == ("three", ("out", "", "more"))
    with pytest.raises(ValueError, match="page:3: a console begins with"):
        commands(Block("page:3", "console", "", "one\n"))


@pytest.mark.parametrize(
    ("shown", "output", "fits"),
    [
        (("a", "...", "d"), "a\nb\nc\nd\n", True),
        (("a", "...", "d"), "a\nd\n", True),
        (("a", "...", "d"), "a\nb\n", False),
        (("took ... s",), "took 3 s\n", True),
        (("took ... s",), "took 3 s\nand more\n", False),
        (("a",), "\na   \n\n", True),
        (("a", "..."), "a\n", True),
        (("a.c",), "abc\n", False),
    ],
)
def test_dots_stand_for_any_text(shown: tuple[str, ...], output: str, *, fits: bool) -> None:
    assert shows(shown, output) is fits


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ arb no-such-command\n```\n",
        "```console\n$ make no-such-target\n```\n",
        "```console\n$ arb --version\narb 9.9\n```\n",
        "```console\n$ arb --version\nerror: shown, and does not come\n```\n",
        "```console\n$ pip install left-pad\n```\n",
        "```python\nraise SystemExit(3)\n```\n",
        '```python title="a.py"\ndef :\n```\n',
        "```yaml\nschema_version: 1\nsession: {nam: x}\n```\n",
        "```yaml\nrisk: {portfolio: {trade_notionl: 5}}\n```\n",
        "```yaml\nschema_version: 1\nimports: [{profile: upbit:no-such}]\n```\n",
        "```toml\na = \n```\n",
        "```json\n{\n```\n",
    ],
)
def test_what_does_not_work_is_noticed(text: str, tmp_path: Path) -> None:
    (block,) = blocks("page", text)
    with pytest.raises((AssertionError, SyntaxError, ValueError)):
        Walk(tmp_path).do(block)
