"""Tables of one line a row."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from pylayer.cli.tables import Column, lines

ID = "01M7Y872FXB4DYRK8SZBF81S1S"
COLUMNS = (Column("id"), Column("size", right=True), Column("payload", cuttable=True))


@pytest.mark.parametrize("width", [44, 60, 80, 200])
def test_only_what_may_be_cut_gives_way(width: int) -> None:
    found = lines(COLUMNS, [(ID, "5 kB", "x" * 500), (ID, "17 kB", "short")], width)
    assert [cell_len(line) <= width for line in found] == [True] * 3
    assert found[1].startswith(f"{ID}   5 kB")
    assert (found[1][-1], found[2].split()) == ("…", [ID, "17", "kB", "short"])


def test_without_a_limit_nothing_is_cut() -> None:
    assert lines(COLUMNS, [(ID, "5 kB", "x" * 500)], None)[1] == f"{ID}  5 kB  {'x' * 500}"


def test_a_column_without_room_is_left_out() -> None:
    assert lines(COLUMNS, [(ID, "5 kB", "x" * 500)], 34) == [f"id{' ' * 26}size", f"{ID}  5 kB"]


def test_an_id_is_whole_even_where_it_is_wider_than_the_terminal() -> None:
    assert lines((Column("id"),), [(ID,)], 10)[1] == ID


def test_control_characters_and_wide_ones_keep_a_row_on_its_line() -> None:
    rows = [("a\nb\x1b[31m", "", "[/bold] 漢字漢字漢字")]
    found = lines(COLUMNS, rows, 28)
    assert found[1].startswith("a\\nb\\x1b[31m ")
    assert found[1].endswith("[/bold]…")
    assert cell_len(found[1]) <= 28


def test_no_rows_print_the_heading() -> None:
    assert lines(COLUMNS, [], 80) == ["id  size  payload"]
