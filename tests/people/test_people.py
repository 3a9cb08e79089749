"""`client.users`, `client.agents` and `client.agent_definitions`: made by admins, named by everybody."""

from __future__ import annotations

import asyncio
import doctest

import pytest
from psycopg import Connection

import pylayer
from pylayer.config import Settings
from pylayer.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from pylayer.people import AgentDefinitions, Agents, Users
from tests.work.sessions import Row, blocked, refusal, row, session

SAVE_DEFINITION = "select * from ai.save_agent_definition('coder', jsonb_build_object('model', %s::text))"


@pytest.mark.parametrize("documented", [Users.save, Agents.save, AgentDefinitions.save])
def test_the_example_runs(client: pylayer.Client, documented: object) -> None:
    example = doctest.DocTestParser().get_doctest(
        documented.__doc__ or "", {"client": client}, "example", None, None
    )
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.attempted
    assert not outcome.failed


def test_work_is_assigned_to_them(client: pylayer.Client) -> None:
    admin, agent = client.acting_as("pylayer_admin"), client.acting_as("pylayer_agent")
    ada = admin.users.save("ada", display_name="Ada", email="ada@example.org")
    blueprint = admin.agent_definitions.save("coder", model="gpt-5", tools=["bash"])
    admin.agents.save("coder-1", definition_id=blueprint.definition_id, tags=["web"])
    item = agent.items.create("task", "x")
    by_name = agent.users.get_by_id("ada")
    assert (by_name, agent.users.get_by_id(ada.user_id), agent.users.list()) == (ada, ada, [ada])
    assert agent.items.assign(item.item_id, user_id=by_name.user_id).assigned_user_id == ada.user_id
    [coder] = agent.agents.list(status="active")
    assert (coder.agent_id, coder.definition_id, coder.tags) == ("coder-1", blueprint.definition_id, ["web"])
    assert agent.agents.get_by_id("coder-1") == coder
    assert agent.items.assign(item.item_id, agent_id="coder-1").assigned_agent_id == "coder-1"
    assert agent.agent_definitions.get_by_id("coder", 1) == blueprint
    assert agent.agent_definitions.list() == [blueprint]
    admin.agents.save("coder-1", status="retired")
    with pytest.raises(NotFound):
        agent.items.assign(item.item_id, agent_id="coder-1", expected_version=3)
    with pytest.raises(Conflict) as retired:
        admin.agents.save("coder-1", status="active")
    assert retired.value.reason == "agent_retired"


def test_only_admins_make_them(client: pylayer.Client) -> None:
    for role in ("pylayer_agent", "pylayer_analyst", "pylayer_auditor"):
        acting = client.acting_as(role)
        for save in (
            lambda acting=acting: acting.users.save("ada"),
            lambda acting=acting: acting.agents.save("coder-1"),
            lambda acting=acting: acting.agent_definitions.save("coder"),
        ):
            with pytest.raises(Forbidden):
                save()
        assert (acting.users.list(), acting.agents.list(), acting.agent_definitions.list()) == ([], [], [])


def test_a_definition_keeps_its_versions(client: pylayer.Client) -> None:
    first = client.agent_definitions.save("coder", model="one", system_prompt="p" * 10_000)
    second = client.agent_definitions.save("coder", model="two")
    assert (second.version, second.system_prompt) == (2, first.system_prompt)
    assert client.agent_definitions.save("coder", model="two") == second
    assert client.agent_definitions.get_by_id("coder") == second
    assert client.agent_definitions.get_by_id("coder", 1) == first


def test_hostile_input_is_refused_by_name(client: pylayer.Client) -> None:
    for save, error in (
        (lambda: client.users.save("nul\x00"), InvalidInput),
        (lambda: client.users.save("ada", metadata={"k": "\x00"}), InvalidInput),
        (lambda: client.users.save("ada", display_name="\ud800"), InvalidInput),
        (lambda: client.users.save("ada", metadata={"k": "x" * 300_000}), TooLarge),
        (lambda: client.agents.save("a" * 101), InvalidInput),
        (lambda: client.agent_definitions.save("coder", system_prompt="x" * 300_000), TooLarge),
        (lambda: client.users.list(limit=0), InvalidInput),
    ):
        with pytest.raises(error):
            save()
    assert client.users.list() == []


def test_two_sessions_make_one_version_each(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as first:
        assert row(first, SAVE_DEFINITION, "one")["version"] == 1
        with blocked(dsn, conn, SAVE_DEFINITION, "two") as second:
            first.commit()
    assert isinstance(found := second.result(), dict)
    assert (found["version"], found["model"]) == (2, "two")


def test_an_old_snapshot_makes_no_version(dsn: str, conn: Connection[Row]) -> None:
    with session(dsn) as mine:
        mine.execute("set transaction isolation level repeatable read")
        row(mine, "select 1 as one")
        row(conn, SAVE_DEFINITION, "one")
        assert refusal(lambda: row(mine, SAVE_DEFINITION, "two")) == ("PT409", "stale_definition")


def test_two_sessions_that_make_one_user_both_get_it(dsn: str, conn: Connection[Row]) -> None:
    save = "select * from iam.save_user('ada')"
    with session(dsn) as first:
        made = row(first, save)
        with blocked(dsn, conn, save) as second:
            first.commit()
    assert second.result() == made


def test_async(settings: Settings) -> None:
    async def run() -> str:
        async with await pylayer.connect_async(settings=settings) as client:
            await client.agents.save("coder-1")
            return (await client.users.save("ada")).username

    assert asyncio.run(run()) == "ada"
