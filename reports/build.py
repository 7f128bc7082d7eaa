"""Markdown pages with named SQL blocks, built into one folder that opens from disk.

A page is a file in ``pages/``: a first line ``# Title``, prose in Markdown with Jinja in it, and
blocks that name a query::

    ```sql months
    select order_month_date, order_count from marts.orders_monthly order by 1
    ```

The text then knows ``months``, a list of rows. Pages stand in the menu in the order of their file
names; one more file is one more page. Each figure links to its block by itself (``sources.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import jinja2
from markdown_it import MarkdownIt
from plotly.offline import get_plotlyjs

from reports.charts import HELPERS, ROW_HELPERS
from reports.definitions import definitions_of
from reports.formatting import FILTERS
from reports.glossary import glossary, term
from reports.sources import (
    BlockRows,
    link_figures,
    number_links,
    refuse_bare_numbers,
    rows_of,
    sourced,
)

PAGES_DIR = Path(__file__).parent / "pages"
THEME_DIR = Path(__file__).parent / "theme"
THEME_FILES = ("style.css", "report.js")

SQL_BLOCK = re.compile(r"^```sql[ \t]+(?P<name>\w+)[ \t]*\n(?P<query>.*?)^```[ \t]*$", re.M | re.S)
TITLE = re.compile(r"\A# (?P<title>.+)$", re.M)


class PageError(ValueError):
    """A page cannot be built; the text names the page and the block or line."""


@dataclass(frozen=True)
class Page:
    """A page as it was written.

    Attributes:
        path: the Markdown file, such as ``10-overview.md``.
        title: its first heading.
        queries: block name to SQL, in their order.
        text: the Markdown with its SQL blocks taken out, as many lines as before.
    """

    path: Path
    title: str
    queries: dict[str, str]
    text: str

    @property
    def file_name(self) -> str:
        """Where it is written: the page called overview is the index, where the site opens."""
        stem = re.sub(r"^\d+-", "", self.path.stem)
        return "index.html" if stem == "overview" else f"{stem}.html"


def find_pages(folder: Path = PAGES_DIR) -> list[Path]:
    """The pages of a folder, in the order of the menu."""
    return sorted(folder.glob("*.md"))


def read_page(path: Path) -> Page:
    """Take a page apart.

    Raises:
        PageError: it has no title, or two blocks of one name.
    """
    source = path.read_text(encoding="utf-8")
    title = TITLE.search(source)
    if title is None:
        raise PageError(f"page {path.name}: expected a first line like `# Title`")
    queries: dict[str, str] = {}
    for block in SQL_BLOCK.finditer(source):
        if block["name"] in queries:
            raise PageError(f"page {path.name}: two SQL blocks are called {block['name']!r}")
        queries[block["name"]] = block["query"].strip()
    # Keep the line numbers, so that an error in the text names the right line.
    text = SQL_BLOCK.sub(lambda block: "\n" * block[0].count("\n"), source)
    return Page(path, title["title"].strip(), queries, text)


def run_queries(connection: duckdb.DuckDBPyConnection, page: Page) -> dict[str, BlockRows]:
    """Rows of each of a page's blocks.

    Raises:
        PageError: a query fails; names the page and the block.
    """
    results = {}
    for name, query in page.queries.items():
        try:
            answer = connection.execute(query)
            columns = [column[0] for column in answer.description or []]
            rows = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
            results[name] = BlockRows(name, rows)
        except duckdb.Error as error:
            raise PageError(f"page {page.path.name}, block {name!r}: {error}") from error
    return results


def build_report(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    pages_dir: Path = PAGES_DIR,
    progress: Callable[[str], None] = lambda _message: None,
) -> list[Path]:
    """Build every page into a folder.

    Args:
        connection: the warehouse, read only is enough.
        folder: an empty folder.
        pages_dir: where the pages are.
        progress: called with a sentence per page.

    Returns:
        The files written, in the order of the menu.

    Raises:
        PageError: a page cannot be built; names the page and the block or line.
    """
    pages = [read_page(path) for path in find_pages(pages_dir)]
    if not pages:
        raise PageError(f"expected at least one page (*.md) in {pages_dir.name}/, found none")
    _refuse_shared_names(pages)
    environment = _environment()
    environment.globals["definition"] = definitions_of(connection)
    written = []
    for page in pages:
        rows = run_queries(connection, page)
        html = _render(environment, page, rows, pages)
        target = folder / page.file_name
        target.write_text(html, encoding="utf-8")
        written.append(target)
        progress(f"page {page.title}")
    for name in THEME_FILES:
        (folder / name).write_text((THEME_DIR / name).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")
    return written


def _refuse_shared_names(pages: Sequence[Page]) -> None:
    taken: dict[str, Page] = {}
    for page in pages:
        other = taken.setdefault(page.file_name, page)
        if other is not page:
            raise PageError(
                f"page {page.path.name}: would be written to {page.file_name}, as "
                f"{other.path.name} is; rename one"
            )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(THEME_DIR),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=refuse_bare_numbers,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, sourced=sourced, rows_of=rows_of)
    environment.globals.update(HELPERS, glossary=glossary, term=term)
    # Formats can be handed to tables by name, as in formats={"share": percent}.
    environment.globals.update(FILTERS)
    return environment


def _render(
    environment: jinja2.Environment,
    page: Page,
    rows: dict[str, BlockRows],
    pages: Sequence[Page],
) -> str:
    try:
        tree = link_figures(environment.parse(page.text), page.queries, ROW_HELPERS)
        text = environment.from_string(tree).render(**rows)
    except jinja2.TemplateSyntaxError as error:
        raise PageError(f"page {page.path.name}, line {error.lineno}: {error.message}") from error
    # Filters and helpers meet whatever a page gives them: text for a number, a misspelt column.
    except Exception as error:
        raise PageError(f"page {page.path.name}, line {_line_of(error)}: {error}") from error
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    linked, uses = number_links(body)
    return environment.get_template("page.html.j2").render(
        page=page, pages=pages, body=linked, uses=uses
    )


def _line_of(error: BaseException) -> int | str:
    """The line of the page on which an exception left its template."""
    line: int | str = "?"
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
