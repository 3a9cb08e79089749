"""``pylayer items``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import pylayer
from pylayer.cli import app
from pylayer.errors import Conflict

Invoke = Callable[..., Result]


@pytest.fixture
def items(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("DATABASE_URL", dsn)

    def call(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["items", *arguments], color=True)
        assert result.exit_code == code, result.output
        return result

    return call


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


def test_an_item_from_its_beginning_to_its_end(items: Invoke) -> None:
    made = parsed(items("create", "bug", "It crashes", "--id", "B-1", "--priority", "0", "--json"))
    assert (made["item_id"], made["state"], made["priority"]) == ("B-1", "backlog", 0)
    change = parsed(items("move", "B-1", "in_progress", "--from", "backlog", "--actor", "ada", "--json"))
    assert (change["seq"], change["actor"]) == (2, "ada")
    assert items("move", "B-1", "done", "--reason", "fixed").stdout == "B-1  in_progress -> done\n"
    assert [one["to_state"] for one in parsed(items("history", "B-1", "--json"))] == [
        *("backlog", "in_progress", "done")
    ]
    assert items("history", "B-1").stdout.splitlines()[3].endswith("fixed")


def test_an_illegal_move_names_the_legal_ones(items: Invoke) -> None:
    items("create", "story", "x", "--id", "S")
    error = items("move", "S", "done", code=1).exception
    assert isinstance(error, Conflict)
    assert (error.reason, error.hint) == (
        "illegal_transition",
        "from backlog it goes to: refining, cancelled",
    )


def test_list_filters(items: Invoke, client: pylayer.Client) -> None:
    client.projects.save("web")
    for nth in range(3):
        items("create", "task", f"t{nth}", "--id", f"T{nth}", "--project", "web")
    items("create", "bug", "b", "--id", "B")
    items("move", "T0", "cancelled")

    def ids(*arguments: str) -> list[str]:
        return [item["item_id"] for item in parsed(items("list", *arguments, "--json"))]

    assert ids() == ["B", "T2", "T1", "T0"]
    assert ids("--project", "web", "--open") == ["T2", "T1"]
    assert ids("--closed") == ["T0"]
    assert ids("--type", "task", "--limit", "1", "--after", "T2") == ["T1"]
    assert ids("--state", "cancelled") == ["T0"]
    lines = items("list").stdout.splitlines()
    assert lines[0].split()[:3] == ["item", "type", "state"]
    assert [line.split()[0] for line in lines[1:]] == ["B", "T2", "T1", "T0"]


def test_comments_assignment_and_search(items: Invoke, client: pylayer.Client, conn: Any) -> None:
    conn.execute("insert into ai.agents (agent_id, name) values ('coder-1', 'Coder')")
    items("create", "task", "Title", "--id", "T", "--description", "about \x1b[31mred")
    items("comment", "T", "a needle", "--author", "Claude", "--ai")
    assert items("assign", "T", "--agent", "coder-1").stdout == "T  coder-1\n"
    shown = items("show", "T").stdout
    assert "-- Claude (AI)" in shown
    assert r"\x1b[31mred" in shown, "nothing that an item says drives the terminal"
    assert parsed(items("show", "T", "--json"))["comments"][0]["is_ai"] is True
    assert [match["item_id"] for match in parsed(items("search", "needle", "--json"))] == ["T"]
    assert "\x1b" not in items("search", "title").stdout
    client.users.save("ada")
    assert items("assign", "T", "--user", "ada").stdout == "T  ada\n"
    assert [item["item_id"] for item in parsed(items("list", "--user", "ada", "--json"))] == ["T"]
    assert items("assign", "T").stdout == "T  nobody\n"


def test_states(items: Invoke) -> None:
    found = {
        state["state"]: state["to_states"] for state in parsed(items("states", "pull_request", "--json"))
    }
    assert found["approved"] == ["open", "changes_requested", "merged", "abandoned"]
    assert len(items("states").stdout.splitlines()) > len(found)
