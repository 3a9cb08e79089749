"""The async client does what the sync one does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import pylayer
from pylayer.config import Settings
from pylayer.errors import Conflict, NotFound

BODY = os.urandom(2_999_999) + b"\0"


def run(settings: Settings, work: Callable[[pylayer.AsyncClient], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with await pylayer.connect_async(settings=settings) as client:
            return await work(client)

    return asyncio.run(main())


def test_every_operation(settings: Settings, client: pylayer.Client) -> None:
    async def work(other: pylayer.AsyncClient) -> Any:
        inline = await other.artifacts.write(type="report", content="# One")
        large = await other.artifacts.create_version(inline.artifact_id, content=BODY, expected_version=1)
        assert await other.artifacts.read(inline.artifact_id, 1) == b"# One"
        chunks: list[bytes] = []
        async with other.artifacts.open(inline.artifact_id) as stream:
            chunks.extend([chunk async for chunk in stream])
        assert b"".join(chunks) == BODY
        async with other.artifacts.open(inline.artifact_id) as stream:
            assert await stream.read(10) == BODY[:10]
        assert (await other.artifacts.link(inline.artifact_id, "evidence", run_id="r")).created
        assert (await other.artifacts.verify(inline.artifact_id)).ok
        assert len(await other.artifacts.list()) == 1
        assert len(await other.artifacts.list_versions(inline.artifact_id)) == 2
        assert (await other.artifacts.clean_uploads()).errors == []
        assert (await other.artifacts.delete_blob(inline.artifact_id, 2, reason="asked for")).object_deleted
        return await other.artifacts.stat(inline.artifact_id, large.version)

    info = run(settings, work)
    assert info == client.artifacts.stat(info.artifact_id, 2)
    assert info.deleted


def test_wrong_bytes_are_found(settings: Settings) -> None:
    async def work(client: pylayer.AsyncClient) -> None:
        made = await client.artifacts.write(type="report", content=BODY)
        client.blobs.put(made.storage_key or "", BODY[:-1] + b"!")
        async with client.artifacts.open(made.artifact_id) as stream:
            with pytest.raises(Conflict) as caught:
                await stream.read()
        assert caught.value.reason == "hash_mismatch"
        with pytest.raises(NotFound):
            async with client.artifacts.open(made.artifact_id, 9):
                pass

    run(settings, work)


def test_writers_at_once(settings: Settings) -> None:
    async def work(client: pylayer.AsyncClient) -> list[int]:
        made = await client.artifacts.write(type="report", content="start")
        jobs = [client.artifacts.create_version(made.artifact_id, content=f"{n}") for n in range(32)]
        return [version.version for version in await asyncio.gather(*jobs)]

    assert sorted(run(settings, work)) == list(range(2, 34))
