"""Which query each figure comes from: links from figures to the SQL behind them, and back.

Rows know the name of the block that gave them, so charts and tables link to it by themselves.
Figures in prose and in tiles are linked when a page is compiled: a formatted value whose expression
begins with the name of a block is a figure of that block.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from reports.formatting import FILTERS, label

# A name is no figure.
FIGURE_FILTERS = frozenset(FILTERS) - {"label"}
LINK = re.compile(r'href="#sql-(\w+)"')


class SourceError(ValueError):
    """A figure does not say which query it comes from."""


class BlockRows(list[dict[str, Any]]):
    """Rows with the name of the block that gave them.

    Attributes:
        block: the name, as in ``sql months``.

    Example:
        >>> rows = BlockRows("months", [{"n": 1}])
        >>> rows.block, rows[0]["n"]
        ('months', 1)
    """

    def __init__(self, block: str, rows: Iterable[dict[str, Any]]) -> None:
        super().__init__(rows)
        self.block = block


def sql_link(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """A small link to the query of some rows; nothing for rows of no block."""
    block = getattr(rows, "block", None)
    if block is None:
        return Markup("")
    return Markup(f'<a class="sql" href="#sql-{block}" title="The SQL behind it">SQL</a>')


@jinja2.pass_context
def sourced(context: jinja2.runtime.Context, value: object, block: str) -> Markup:
    """A figure as a link to the query behind it.

    Args:
        context: what the page knows.
        value: the figure as it reads.
        block: name of the query.

    Raises:
        SourceError: the page has no such block.
    """
    if not isinstance(context.get(block), BlockRows):
        raise SourceError(f"there is no block {block!r} for {value!r} to come from")
    return Markup(f'<a class="figure" href="#sql-{block}">{escape(label(value))}</a>')


def rows_of(rows: Iterable[dict[str, Any]], block: str) -> BlockRows:
    """Rows that a page picked from those of a block."""
    return BlockRows(block, rows)


def refuse_bare_numbers(value: Any) -> Any:
    """Let pass what a page writes, but for numbers and dates that no filter has formatted.

    Raises:
        SourceError: it is one.
    """
    if isinstance(value, int | float | Decimal | date) and not isinstance(value, bool):
        raise SourceError(
            f"{value!r} stands in the text as it is; format it with one of "
            f"{', '.join(sorted(FIGURE_FILTERS))}"
        )
    return value


def link_figures(
    tree: nodes.Template, blocks: Collection[str], row_helpers: Collection[str]
) -> nodes.Template:
    """Have each figure of a page link to its block.

    Args:
        tree: the page, parsed; it is changed.
        blocks: names of its queries.
        row_helpers: helpers whose first argument is rows.

    Raises:
        jinja2.TemplateSyntaxError: it cannot be told which block a figure comes from.
    """
    return _Linker(blocks, row_helpers).visit(tree)  # type: ignore[no-any-return]


def number_links(html: str) -> tuple[Markup, Counter[str]]:
    """Give each link to a query an id of its own, so that the query can link back.

    Returns:
        The text, and how many links each block has.

    Example:
        >>> number_links('<a href="#sql-n">1</a>')
        (Markup('<a href="#sql-n" id="from-n-1">1</a>'), Counter({'n': 1}))
    """
    uses: Counter[str] = Counter()

    def number(link: re.Match[str]) -> str:
        uses[link[1]] += 1
        return f'{link[0]} id="from-{link[1]}-{uses[link[1]]}"'

    return Markup(LINK.sub(number, html)), uses


class _Linker(NodeTransformer):
    """Wraps figures in ``sourced`` and picked rows in ``rows_of``."""

    def __init__(self, blocks: Collection[str], row_helpers: Collection[str]) -> None:
        self.block_by_name = {block: block for block in blocks}
        self.row_helpers = row_helpers

    def _block_of(self, node: nodes.Node | None) -> str | None:
        """The block that an expression begins with: of `rows[0].n` it is `rows`."""
        while isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Filter | nodes.Call):
            node = node.node
        return self.block_by_name.get(node.name) if isinstance(node, nodes.Name) else None

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - jinja2's name
        """A row in a loop is of the block whose rows are gone through."""
        outside = dict(self.block_by_name)
        block = self._block_of(node.iter)
        for name in node.target.find_all(nodes.Name) if block is None else []:
            self.block_by_name.pop(name.name, None)
        if block is not None and isinstance(node.target, nodes.Name):
            self.block_by_name[node.target.name] = block
        self.generic_visit(node)
        self.block_by_name = outside
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:  # noqa: N802 - jinja2's name
        """So is what is set to a row."""
        block = self._block_of(node.node)
        if block is not None and isinstance(node.target, nodes.Name):
            self.block_by_name[node.target.name] = block
        self.generic_visit(node)
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802 - jinja2's name
        if node.name == "sourced":
            return node
        self.generic_visit(node)
        if node.name not in FIGURE_FILTERS:
            return node
        block = self._block_of(node.node)
        if block is None:
            raise jinja2.TemplateSyntaxError(
                f"it cannot be told which block the figure before `| {node.name}` comes from; add "
                '`| sourced("block")` to it',
                node.lineno,
            )
        return _filter("sourced", node, block)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - jinja2's name
        self.generic_visit(node)
        helper = node.node.name if isinstance(node.node, nodes.Name) else None
        if helper == "tiles":
            for pair in [pair for argument in node.args for pair in argument.find_all(nodes.Pair)]:
                block = self._block_of(pair.value)
                is_linked = isinstance(pair.value, nodes.Filter) and pair.value.name == "sourced"
                if block is not None and not is_linked:
                    pair.value = _filter("sourced", pair.value, block)
        elif helper in self.row_helpers and node.args:
            rows = node.args[0]
            block = self._block_of(rows)
            if block is None:
                raise jinja2.TemplateSyntaxError(
                    f"it cannot be told which block the rows of {helper} come from; give it the "
                    'rows of a block, or `| rows_of("block")`',
                    node.lineno,
                )
            if not isinstance(rows, nodes.Name):
                node.args[0] = _filter("rows_of", rows, block)
        return node


def _filter(name: str, node: nodes.Expr, block: str) -> nodes.Filter:
    wrapped = nodes.Filter(node, name, [nodes.Const(block)], [], None, None)
    wrapped.set_lineno(node.lineno)
    wrapped.set_environment(node.environment)  # type: ignore[arg-type]
    return wrapped
