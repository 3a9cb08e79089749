"""Tables of one line a row: what must be read whole is never cut, the rest gives way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from pylayer.demo.text import plain

__all__ = ["Column", "lines", "print_rows", "printable"]

_LEAST = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: the heading.
        cuttable: where the terminal is too narrow, its cells end with an ellipsis, or it is left out.
        right: its cells keep to the right.
    """

    title: str
    cuttable: bool = False
    right: bool = False


def print_rows(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a heading and one line a row; away from a terminal nothing is cut."""
    console = Console(highlight=False)
    width = console.width if console.is_terminal else None
    heading, *rest = lines(columns, rows, width)
    console.print(Text(heading, "dim"), soft_wrap=True)
    for line in rest:
        console.print(Text(line), soft_wrap=True)


def printable(text: str) -> str:
    """Return a text of several lines with control characters as escapes, for a terminal."""
    return "\n".join(map(plain, text.split("\n")))


def lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return the heading and the rows, each as one line.

    Args:
        columns: the columns, in order.
        rows: the cells, as long as ``columns``; control characters are shown as escapes.
        width: terminal cells in a line; None is no limit.
    """
    table = [[column.title for column in columns], *([plain(cell) for cell in row] for row in rows)]
    natural = [max(map(cell_len, cells)) for cells in zip(*table, strict=True)]
    kept = [_Measured(i, column, natural[i]) for i, column in enumerate(columns)]
    while not _fits(kept, 1, width) and any(one.column.cuttable for one in kept):
        kept.remove([one for one in kept if one.column.cuttable][-1])
    gap = 2 if _fits(kept, 2, width) else 1
    widths = _shrunk(kept, gap, width)
    return [
        (" " * gap).join(map(_cell, (row[one.index] for one in kept), widths, kept)).rstrip() for row in table
    ]


@dataclass(frozen=True, slots=True)
class _Measured:
    """A column with its place and the width of its widest cell."""

    index: int
    column: Column
    width: int

    @property
    def least(self) -> int:
        return min(self.width, _LEAST) if self.column.cuttable else self.width


def _fits(kept: Sequence[_Measured], gap: int, width: int | None) -> bool:
    return width is None or sum(one.least for one in kept) + gap * (len(kept) - 1) <= width


def _shrunk(kept: Sequence[_Measured], gap: int, width: int | None) -> list[int]:
    """Return the widths, the widest of the cuttable columns shrunk until all fit."""
    if width is None:
        return [one.width for one in kept]
    widths = [min(one.width, width) if one.column.cuttable else one.width for one in kept]
    cuttable = [place for place, one in enumerate(kept) if one.column.cuttable]
    for _ in range(sum(widths) + gap * (len(kept) - 1) - width if cuttable else 0):
        widths[max(cuttable, key=widths.__getitem__)] -= 1
    return widths


def _cell(text: str, width: int, one: _Measured) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - cell_len(text)) + text if one.column.right else set_cell_size(text, width)
