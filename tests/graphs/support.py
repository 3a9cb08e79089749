"""A list in place of the emitter, models that answer without a network, and the ways to run a graph."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.errors import GraphBubbleUp

from pylayer.events import Event
from pylayer.models import ModelPrice, PriceTable

STEP = "workflow.step_completed"
STATE = "workflow.item_state_changed"


def price(model: str, per_input: str, per_cached: str, per_output: str) -> ModelPrice:
    return ModelPrice(
        model=model,
        provider="test",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        input_usd_per_mtok=Decimal(per_input),
        cached_input_usd_per_mtok=Decimal(per_cached),
        output_usd_per_mtok=Decimal(per_output),
    )


PRICES = PriceTable([price("large", "10", "1", "40"), price("small", "1", "0.1", "4")])


class Recorder:
    """An emitter that keeps the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> str:
        self.events.append(event)
        return event.event_id

    def prices(self) -> PriceTable:
        return PRICES

    @property
    def steps(self) -> list[Event]:
        return [event for event in self.events if event.event_name == STEP]

    @property
    def states(self) -> list[Event]:
        return [event for event in self.events if event.event_name == STATE]

    def attempts(self) -> Counter[tuple[str, str, int]]:
        """Count the attempts by step, status and retry count."""
        return Counter(
            (event.payload["step_name"], event.payload["status"], event.payload["retry_count"])
            for event in self.steps
        )

    def changes(self) -> list[tuple[str | None, str]]:
        """Return the changes of the runs' states."""
        return [(event.payload["from_state"], event.payload["to_state"]) for event in self.states]


class Model(BaseChatModel):
    """A chat model whose answers have a name and usage."""

    model: str = "large"
    answers_as: str | None = "large"
    usage: tuple[int, int, int] | None = (1000, 400, 100)
    fails: bool = False
    fails_after_chunks: bool = False

    @property
    def _llm_type(self) -> str:
        return "test"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        if self.fails:
            raise RuntimeError("the provider is away")
        calls = [
            {"name": getattr(tool, "name", "Answer"), "args": {"text": "yes"}, "id": "call-1"}
            for tool in kwargs.get("tools", ())
        ]
        message = AIMessage(
            content="yes", tool_calls=calls, usage_metadata=self._usage(), response_metadata=self._told()
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _told(self) -> dict[str, Any]:
        return {} if self.answers_as is None else {"model_name": self.answers_as}

    def _usage(self) -> Any:
        if self.usage is None:
            return None
        read, cached, written = self.usage
        return {
            "input_tokens": read,
            "output_tokens": written,
            "total_tokens": read + written,
            "input_token_details": {"cache_read": cached},
        }


class StreamingModel(Model):
    """A model that streams: the usage comes with the first chunk, the name with each."""

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for number, text in enumerate(("y", "e", "s")):
            if self.fails_after_chunks and number == 2:
                raise RuntimeError("the provider went away")
            chunk = ChatGenerationChunk(
                message=AIMessageChunk(
                    content=text,
                    usage_metadata=self._usage() if number == 0 else None,
                    response_metadata=self._told(),
                )
            )
            if run_manager:
                run_manager.on_llm_new_token(text, chunk=chunk)
            yield chunk


Way = Callable[..., Any]


def _invoke(graph: Any, given: Any, config: Any = None) -> Any:
    return graph.invoke(given, config)


def _ainvoke(graph: Any, given: Any, config: Any = None) -> Any:
    return asyncio.run(graph.ainvoke(given, config))


def _stream(graph: Any, given: Any, config: Any = None) -> Any:
    return list(graph.stream(given, config, stream_mode=["updates", "custom"], subgraphs=True))


def _astream(graph: Any, given: Any, config: Any = None) -> Any:
    async def collect() -> list[Any]:
        async with aclosing(
            graph.astream(given, config, stream_mode=["updates", "messages"], subgraphs=True)
        ) as chunks:
            return [chunk async for chunk in chunks]

    return asyncio.run(collect())


def _batch(graph: Any, given: Any, config: Any = None) -> Any:
    return graph.batch([given], config)


def _abatch(graph: Any, given: Any, config: Any = None) -> Any:
    return asyncio.run(graph.abatch([given], config))


def _astream_events(graph: Any, given: Any, config: Any = None) -> Any:
    async def collect() -> list[Any]:
        return [event async for event in graph.astream_events(given, config, version="v2")]

    return asyncio.run(collect())


WAYS: dict[str, Way] = {
    "invoke": _invoke,
    "ainvoke": _ainvoke,
    "stream": _stream,
    "astream": _astream,
    "batch": _batch,
    "abatch": _abatch,
    "astream_events": _astream_events,
}


def outcome(run: Callable[[], Any]) -> Any:
    """Return what a run returns, or the type and text of what it raises."""
    try:
        return run()
    except (Exception, GraphBubbleUp) as error:
        return type(error), str(error)


async def settle(awaitable: Awaitable[Any]) -> Any:
    """Await in a task of its own, as a server does for each request."""
    return await asyncio.ensure_future(awaitable)
