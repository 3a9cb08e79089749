"""`client.items` and its neighbours, sync and async, and what roles may."""

from __future__ import annotations

import asyncio
import doctest
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from pylayer.items import Decisions, Item, Items, Projects

_ULID_LENGTH = 26


@pytest.mark.parametrize(
    "documented",
    [Items.save, Items.create, Projects.save, Decisions.record],
    ids=["items.save", "items.create", "projects.save", "decisions.record"],
)
def test_the_example_runs(client: pylayer.Client, documented: object) -> None:
    names = {"client": client, "Item": Item}
    example = doctest.DocTestParser().get_doctest(documented.__doc__ or "", names, "example", None, None)
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.attempted
    assert not outcome.failed


def test_save_makes_and_edits(client: pylayer.Client) -> None:
    item = Item(item_type="story", title="Sign in", tags=["web"], created_by="ada", run_id="run-1")
    stored = client.items.save(item)
    assert (stored.item_id, stored.version, stored.state) == (item.item_id, 1, "backlog")
    assert (stored.created_by, stored.run_id, stored.tags) == ("ada", "run-1", ["web"])
    assert len(stored.item_id) == _ULID_LENGTH
    edited = client.items.save(stored.model_copy(update={"title": "Log in", "tags": None}))
    assert (edited.version, edited.title, edited.tags) == (2, "Log in", None)
    assert client.items.save(edited) == edited
    assert client.items.get_by_id(item.item_id) == edited
    with pytest.raises(Conflict) as stale:
        client.items.save(stored.model_copy(update={"title": "Sign up"}))
    assert stale.value.reason == "stale_version"


@pytest.mark.parametrize(
    "more", [{"assigned_user_id": "u"}, {"assigned_agent_id": "a"}, {"depends_on": ("B",)}]
)
def test_save_drops_nothing_unseen(client: pylayer.Client, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        client.items.save(Item(item_type="task", title="x", **more))
    assert refused.value.reason == "not_made_here"
    assert client.items.list() == []


def test_save_again_after_an_answer_that_was_lost(client: pylayer.Client) -> None:
    item = Item(item_type="task", title="x", metadata={"k": [1, None]})
    assert client.items.save(item) == client.items.save(item)
    with pytest.raises(Conflict) as taken:
        client.items.save(item.model_copy(update={"metadata": {"k": 2}}))
    assert taken.value.reason == "item_exists"


def test_update_names_what_changes(client: pylayer.Client) -> None:
    item = client.items.create("task", "x", description="d", priority=1)
    changed = client.items.update(item.item_id, description=None, ai_suggestions=["split it"])
    assert (changed.title, changed.priority) == ("x", 1)
    assert (changed.description, changed.ai_suggestions) == (None, ["split it"])


def test_a_caller_rolls_back_state_history_and_event(client: pylayer.Client, dsn: str) -> None:
    item = client.items.create("task", "x")
    with psycopg.connect(dsn) as connection:
        bound = client.using(connection)
        assert bound.items.transition(item.item_id, "ready", expected_state="backlog").seq == 2
        connection.rollback()
    assert client.items.get_by_id(item.item_id) == item
    assert [change.to_state for change in client.items.history(item.item_id)] == ["backlog"]
    assert len(client.events.query(item_id=item.item_id)) == 1


def test_pages_meet(client: pylayer.Client) -> None:
    made = [client.items.create("task", f"t{nth}").item_id for nth in range(7)]
    found: list[str] = []
    while page := client.items.list(limit=3, after=found[-1] if found else None):
        found += [item.item_id for item in page]
    assert found == made[::-1]


def test_decisions_comments_attachments_and_projects(client: pylayer.Client) -> None:
    project = client.projects.save("web", name="Web", test_coverage=0.5)
    assert client.projects.get_by_id("web") == project
    assert client.projects.list() == [project]
    item = client.items.create("task", "x", project_id="web")
    other = client.items.create("task", "y")
    assert client.items.add_dependency(item.item_id, other.item_id)
    assert client.items.get_by_id(item.item_id).depends_on == (other.item_id,)
    assert client.items.remove_dependency(item.item_id, other.item_id)
    first = client.decisions.record("Which?", "This", item_id=item.item_id, alternatives=["that"])
    second = client.decisions.record("Which?", "That", supersedes_id=first.decision_id)
    assert client.decisions.list(holds=True) == [second]
    assert client.decisions.list(item_id=item.item_id)[0].superseded_by_id == second.decision_id
    comment = client.comments.add(item.item_id, "hello", is_ai=True)
    assert client.comments.list(item.item_id) == [comment]
    edited = client.comments.edit(comment.comment_id, "hello all", actor="ada")
    assert (edited.body, edited.edited_by, edited.created_at) == ("hello all", "ada", comment.created_at)
    assert client.comments.list(item.item_id) == [edited]
    assert client.comments.delete(comment.comment_id)
    artifact = client.artifacts.write(type="report", content="text")
    attached = client.items.attach(item.item_id, artifact.artifact_id, label="log")
    assert (attached.version, client.items.attachments(item.item_id)) == (1, [attached])
    assert client.items.detach(item.item_id, artifact.artifact_id)
    assert client.items.attachments(item.item_id) == []
    assert client.items.delete(item.item_id)
    assert client.items.restore(item.item_id)
    assert client.items.get_by_id(item.item_id).title == "x"
    assert client.projects.delete("web")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"title": "nul\x00"}, InvalidInput),
        ({"title": ""}, InvalidInput),
        ({"title": "x", "description": "a\x00b"}, InvalidInput),
        ({"title": "x", "description": "\ud800"}, InvalidInput),
        ({"title": "x", "description": "x" * 300_000}, TooLarge),
        ({"title": "x", "metadata": {"k": "\x00"}}, InvalidInput),
        ({"title": "x", "metadata": {"k": "x" * 300_000}}, TooLarge),
        ({"title": "x", "metadata": {"k": float("nan")}}, InvalidInput),
        ({"title": "x", "priority": 2**70}, InvalidInput),
        ({"title": "x", "item_id": "a\nb"}, InvalidInput),
        ({"title": "x", "project_id": "none"}, NotFound),
    ],
)
def test_hostile_input_is_refused_by_name(
    client: pylayer.Client, conn: Connection[Any], fields: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        client.items.create("task", **fields)
    assert conn.execute("select from work.items").fetchall() == []
    assert conn.execute("select from telemetry.workflow_events").fetchall() == []


def test_what_agents_analysts_and_admins_may(client: pylayer.Client) -> None:
    agent, analyst = client.acting_as("pylayer_agent"), client.acting_as("pylayer_analyst")
    item = agent.items.create("task", "x", item_id="T")
    agent.items.transition("T", "ready")
    assert analyst.items.get_by_id("T").state == "ready"
    assert analyst.items.search("x")[0].item_id == item.item_id
    for forbidden in (
        lambda: analyst.items.transition("T", "blocked"),
        lambda: analyst.items.create("task", "y"),
        lambda: analyst.comments.add("T", "y"),
        lambda: agent.items.delete("T"),
        lambda: agent.projects.delete("web"),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    assert client.acting_as("pylayer_admin").items.delete("T")


async def _walk(client: pylayer.AsyncClient) -> list[str]:
    item = await client.items.save(Item(item_type="pull_request", title="x", state="open"))
    await client.items.transition(item.item_id, "merged", expected_state="open", reason="reviewed")
    return [change.to_state for change in await client.items.history(item.item_id)]


def test_async(settings: Settings) -> None:
    async def run() -> list[str]:
        async with await pylayer.connect_async(settings=settings) as client:
            return await _walk(client)

    assert asyncio.run(run()) == ["open", "merged"]
