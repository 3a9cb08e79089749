"""LangGraph's own conformance suite, each of its tests as one of ours."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance.capabilities import ALL_CAPABILITIES, DetectedCapabilities

import pylayer
from pylayer.config import Settings
from pylayer.langgraph import PylayerSaver
from tests.catalog.databases import copy_of

Spec = Callable[[BaseCheckpointSaver[Any]], Awaitable[None]]


def _specs() -> dict[str, Spec]:
    found: dict[str, Spec] = {}
    for capability in sorted(ALL_CAPABILITIES):
        module = import_module(f"langgraph.checkpoint.conformance.spec.test_{capability.value}")
        for name, value in vars(module).items():
            if name.startswith("test_") and inspect.iscoroutinefunction(value):
                found[f"{capability.value}/{name}"] = value
    return found


SPECS = _specs()


@pytest.fixture(scope="module")
def shared(template: Any, s3_settings: dict[str, str]) -> Iterator[Settings]:
    """Settings for one database: each test has threads of its own."""
    with copy_of(template, "conformance") as dsn:
        yield Settings(DATABASE_URL=dsn, **s3_settings)


@asynccontextmanager
async def _over_async(settings: Settings) -> AsyncGenerator[PylayerSaver]:
    async with await pylayer.connect_async(settings=settings, role="pylayer_agent") as client:
        yield PylayerSaver(client)


@asynccontextmanager
async def _over_sync(settings: Settings) -> AsyncGenerator[PylayerSaver]:
    with pylayer.connect(settings=settings, role="pylayer_agent") as client:
        yield PylayerSaver(client)


def test_the_suite_has_the_tests_that_we_know() -> None:
    assert len(SPECS) >= 81


def test_each_capability_is_there(client: pylayer.Client) -> None:
    assert DetectedCapabilities.from_instance(PylayerSaver(client)).missing == frozenset()


@pytest.mark.parametrize("way", [_over_async, _over_sync], ids=["async", "sync"])
@pytest.mark.parametrize("name", SPECS)
def test_conformance(name: str, way: Any, shared: Settings) -> None:
    async def run() -> None:
        async with way(shared) as saver:
            await SPECS[name](saver)

    asyncio.run(run())
