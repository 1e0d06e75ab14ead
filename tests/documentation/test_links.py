"""Every link within the project leads somewhere: in the Markdown as code hosts show it, and in the pages as built."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), ROOT / "benchmarks" / "README.md"}
)
_FENCE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!`)\]\((?P<to>[^)\s]+)\)")
_TITLE = re.compile(r"^#+ +(?P<title>.+?) *$", re.MULTILINE)


def links(page: Path) -> Iterator[str]:
    """What the links of a page lead to, within the project."""
    for link in _LINK.finditer(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not urlsplit(link["to"]).scheme:
            yield link["to"]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that code hosts give the titles of a page: https://docs.github.com/en/get-started/writing-on-github
    /getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
    """
    found: list[str] = []
    for title in _TITLE.finditer(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title["title"]).replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_the_markdown_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        assert target.is_relative_to(ROOT), f"{link} leads out of the project"
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: there is no such title"


class _Page(HTMLParser):
    """The ids of a built page, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.ids.add(value)
            elif name in {"href", "src"} and value:
                self.links.add(value)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages, built as `make docs` builds them: a warning is an error."""
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed")
    folder = tmp_path_factory.mktemp("pages")
    how = ["--fail-on-warning", "--keep-going", "--conf-dir", "web/docs", "docs", str(folder)]
    ended = subprocess.run([sys.executable, "-m", "sphinx", "--quiet", *how], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.mark.slow
def test_the_pages_build_without_a_warning_and_without_a_dead_link(built: Path) -> None:
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in built.rglob("*.html")}
    assert len(pages) > len([*ROOT.glob("docs/**/*.md")])
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.relative_to(built)}: {link} leads nowhere"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, (
                    f"{path.relative_to(built)}: {link} has no such place"
                )


@pytest.mark.slow
def test_nothing_of_the_pages_is_fetched_from_elsewhere(built: Path) -> None:
    """A link may lead anywhere. What a page needs to be shown comes with it."""
    fetched = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?\b(?:src|href)=["'](?:https?:)?//([^"']+)""")
    for path in built.rglob("*.html"):
        assert fetched.findall(path.read_text(encoding="utf-8")) == [], path.relative_to(built)


def test_every_page_is_in_the_sidebar() -> None:
    """By an index that links to it: see web/docs/links.py. What none names stands at the end of the guides."""
    from web.docs.links import linked

    docs = ROOT / "docs"
    indexes = {
        path: path.relative_to(docs).with_suffix("").as_posix()
        for path in (docs / "index.md", *docs.glob("*/README.md"))
    }
    named = [page for path, name in indexes.items() for page in linked(name, path.read_text(encoding="utf-8"))]
    assert sorted(named) == sorted(set(named)), "two indexes name one page"
    assert all((docs / f"{page}.md").is_file() for page in named)
