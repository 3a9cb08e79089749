"""Sans-I/O calls: each method is written once and run by the sync and by the async client.

A method of a namespace is a *plan*: a generator that yields steps and receives their results.
A step is a `Call` (one SQL call of a stored function), `Work` (a blocking function: hashing,
object storage) or `Own` (a caller's own function, which may be async). `operation` turns a plan
into a method: on a sync client it returns the result, on an async client an awaitable of it.

    class Events(Namespace[R]):
        @operation
        def ingest(self, event: EventInput) -> Plan[IngestResult]:
            return (yield from call("telemetry.ingest_event", {"p_event": ...}, one(IngestResult)))
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from pydantic import BaseModel, TypeAdapter

from pylayer.errors import NotFound

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One SQL statement that calls a stored function.

    Args:
        sql: the statement, with ``%(name)s`` placeholders.
        params: its parameters.
        parse: turns the rows (dicts by column name) into the result.
        durable: commit on its own, even when the client is bound to a caller's transaction.
        repeatable: keyed by an id or read-only, so a lost connection or a passing conflict is tried again.
    """

    sql: str
    params: Mapping[str, Any]
    parse: Callable[[Sequence[Row]], T]
    durable: bool = False
    repeatable: bool = False

    def __iter__(self) -> Generator[Step, Any, T]:
        return (yield self)


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """A blocking function, run in a worker thread by the async client."""

    function: Callable[[], T]

    def __iter__(self) -> Generator[Step, Any, T]:
        return (yield self)


@dataclass(frozen=True, slots=True)
class Own(Generic[T]):
    """A caller's own function, called where the plan runs; the async client awaits what it returns."""

    function: Callable[[], T]

    def __iter__(self) -> Generator[Step, Any, T]:
        return (yield self)


Step: TypeAlias = "Call[Any] | Work[Any] | Own[Any]"
Plan: TypeAlias = Generator[Step, Any, T]


class Sync:
    """Marks a namespace whose methods return their results."""


class Async:
    """Marks a namespace whose methods return awaitables."""


R = TypeVar("R", Sync, Async)


class Runner(Protocol):
    """What runs plans: the sync or the async client."""

    def run(self, plan: Plan[Any], /) -> Any:
        """Run a plan to its result, or return an awaitable of it."""
        ...


class Namespace(Generic[R]):
    """One part of a client (``client.events``); its methods are operations."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner


class operation(Generic[P, T]):  # noqa: N801 - a decorator
    """Turn a plan into a method of both clients."""

    def __init__(self, plan: Callable[Concatenate[Any, P], Plan[T]]) -> None:
        self._plan = plan
        self.__doc__ = plan.__doc__

    def plan(self, namespace: Namespace[Any], *args: P.args, **kwargs: P.kwargs) -> Plan[T]:
        """Return the plan without running it, to be part of another one."""
        return self._plan(namespace, *args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type) -> operation[P, T]: ...
    @overload
    def __get__(self, instance: Namespace[Sync], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: Namespace[Async], owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        plan = self._plan

        @functools.wraps(plan)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return instance._runner.run(plan(instance, *args, **kwargs))

        return method


@functools.cache
def _list_of(model: type[BaseModel]) -> TypeAdapter[list[Any]]:
    return TypeAdapter(list[model])  # pyright: ignore[reportInvalidTypeForm]


def rows(model: type[M]) -> Callable[[Sequence[Row]], list[M]]:
    """Parse every row into ``model``."""
    return _list_of(model).validate_python


def one(model: type[M]) -> Callable[[Sequence[Row]], M]:
    """Parse exactly one row into ``model``."""
    return lambda found: model.model_validate(single(found))


def scalar(found: Sequence[Row]) -> Any:
    """Return the only column of the only row."""
    return next(iter(single(found).values()))


def single(found: Sequence[Row]) -> Row:
    """Return the only row."""
    if len(found) != 1:
        raise NotFound("the call returned no row" if not found else "the call returned several rows")
    return found[0]


def call_sql(function: str, names: Iterable[str]) -> str:
    """Return ``select * from <function>(p_x => %(p_x)s, ...)`` for a stored function."""
    return f"select * from {function}({', '.join(f'{n} => %({n})s' for n in names)})"


def json_call_sql(function: str, names: Iterable[str]) -> str:
    """Return the call of a stored function that gives each row as one JSON object."""
    # The row of a function with one column is a scalar; that of a subquery never is.
    return f"select row_to_json(r) from ({call_sql(function, names)}) as r"


def call(
    function: str,
    params: Mapping[str, Any],
    parse: Callable[[Sequence[Row]], T],
    *,
    durable: bool = False,
    repeatable: bool = False,
) -> Call[T]:
    """Return the call of a stored function with its parameters by name."""
    return Call(call_sql(function, params), params, parse, durable, repeatable)
