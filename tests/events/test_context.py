"""What a block of code is correlated by reaches whatever it starts, and nothing else."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import pylayer
from pylayer.events import RunContext, bind, current_context, run_context

_FIELDS = ["run_id", "item_id", "workflow_name", "agent_role", "project_id"]


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    assert current_context() == RunContext()
    yield
    assert current_context() == RunContext()


def run_id() -> str | None:
    return current_context().run_id


def test_inner_values_override_and_unset_ones_are_inherited() -> None:
    with run_context(run_id="r", workflow_name="w", agent_role="dev") as outer:
        with run_context(item_id="i", agent_role="reviewer", project_id="p") as inner:
            assert inner == current_context() == RunContext("r", "i", "w", "reviewer", "p")
        assert outer == current_context() == RunContext("r", None, "w", "dev", None)


def test_an_exception_leaves_the_block_as_any_end_does() -> None:
    with run_context(run_id="outer"):
        with pytest.raises(ZeroDivisionError), run_context(run_id="inner"):
            raise ZeroDivisionError
        assert run_id() == "outer"


def test_it_decorates_a_function() -> None:
    @run_context(run_id="r")
    def inside() -> str | None:
        return run_id()

    assert [inside(), inside()] == ["r", "r"]


@pytest.mark.parametrize("field", _FIELDS)
@pytest.mark.parametrize("value", [7, "x" * 501, b"r"])
def test_a_bad_value_is_refused_at_once(field: str, value: object) -> None:
    with pytest.raises(pylayer.InvalidInput) as caught, run_context(**{field: value}):  # type: ignore[arg-type]
        pass
    assert (caught.value.code, caught.value.reason, caught.value.detail) == ("PT400", "invalid_field", field)


@pytest.mark.parametrize("field", _FIELDS)
def test_each_field_is_its_own(field: str) -> None:
    with run_context(**{field: "x" * 500}) as context:
        assert context == RunContext(**{field: "x" * 500})


def test_tasks_inherit_and_do_not_disturb_each_other() -> None:
    async def leaf(name: str, everybody_is_inside: asyncio.Barrier) -> tuple[str | None, str | None]:
        with run_context(item_id=name):
            await everybody_is_inside.wait()
            return run_id(), current_context().item_id

    async def main() -> None:
        barrier = asyncio.Barrier(3)
        with run_context(run_id="r"):
            task = asyncio.create_task(leaf("a", barrier))
            found = await asyncio.gather(leaf("b", barrier), leaf("c", barrier))
            assert [*found, await task] == [("r", "b"), ("r", "c"), ("r", "a")]
            assert current_context() == RunContext(run_id="r")

    asyncio.run(main())


def test_a_task_keeps_the_context_that_it_was_made_in() -> None:
    async def later(start: asyncio.Event) -> str | None:
        await start.wait()
        return run_id()

    async def main() -> None:
        start = asyncio.Event()
        with run_context(run_id="first"):
            task = asyncio.create_task(later(start))
        with run_context(run_id="second"):
            start.set()
            assert await task == "first"

    asyncio.run(main())


def test_to_thread_and_copied_contexts_inherit() -> None:
    found: list[str | None] = []
    with run_context(run_id="r"):
        assert asyncio.run(asyncio.to_thread(run_id)) == "r"
        copied = contextvars.copy_context()
    thread = threading.Thread(target=copied.run, args=(lambda: found.append(run_id()),))
    thread.start()
    thread.join()
    assert found == ["r"]


def test_plain_threads_inherit_by_bind_alone() -> None:
    with run_context(run_id="r"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(run_id).result() is None
        assert pool.submit(bind(run_id)).result() == "r"
        assert pool.submit(run_id).result() is None


def test_a_bound_function_runs_in_many_threads_at_once() -> None:
    together = threading.Barrier(4, timeout=30)

    def step(name: str) -> str:
        together.wait()
        with run_context(item_id=name):
            together.wait()
            return f"{run_id()}/{current_context().item_id}"

    with ThreadPoolExecutor(4) as pool:
        with run_context(run_id="r"):
            bound = bind(step)
        assert list(pool.map(bound, "abcd")) == ["r/a", "r/b", "r/c", "r/d"]


def test_a_bound_function_restores_after_an_exception() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with run_context(run_id="bound"):
        bound = bind(fail)
    with run_context(run_id="caller"):
        with pytest.raises(ZeroDivisionError):
            bound()
        assert run_id() == "caller"


def test_a_generator_sees_its_consumer() -> None:
    def steps() -> Iterator[str | None]:
        while True:
            yield run_id()

    found = steps()
    with run_context(run_id="a"):
        assert next(found) == "a"
    with run_context(run_id="b"):
        assert next(found) == "b"
    found.close()


def test_a_generator_that_yields_inside_restores_when_it_ends() -> None:
    def steps() -> Iterator[str | None]:
        with run_context(run_id="inside"):
            yield run_id()

    with run_context(run_id="outside"):
        assert list(steps()) == ["inside"]
        assert run_id() == "outside"
        abandoned = steps()
        next(abandoned)
        abandoned.close()
        assert run_id() == "outside"


def test_an_asynchronous_generator_may_be_closed_by_another_task() -> None:
    async def steps() -> AsyncIterator[str | None]:
        with run_context(run_id="inside"):
            yield run_id()

    async def main() -> None:
        found = steps()
        assert await asyncio.create_task(anext(found)) == "inside"  # type: ignore[arg-type]
        with run_context(run_id="closer"):
            await asyncio.create_task(found.aclose())  # type: ignore[attr-defined]
            assert run_id() == "closer"

    asyncio.run(main())
