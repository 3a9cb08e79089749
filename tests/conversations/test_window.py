"""The window against its definition, on conversations of every shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pylayer
from pylayer.conversations import Message, StoredMessage

# Few ids, so that they come again, and results that no call precedes.
_IDS = st.sampled_from(["t1", "t2", "t3"])


def _call(call_id: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}


_TOKENS = st.integers(0, 20)
_MESSAGES = st.lists(
    st.one_of(
        st.builds(Message, role=st.sampled_from(["user", "assistant"]), token_count=_TOKENS),
        st.builds(
            Message,
            role=st.just("assistant"),
            tool_calls=st.lists(_IDS.map(_call), min_size=1, max_size=3),
            token_count=_TOKENS,
        ),
        st.builds(Message, role=st.just("tool"), tool_call_id=_IDS, token_count=_TOKENS),
    ),
    max_size=25,
)
_SIZES = st.tuples(
    st.none() | st.integers(0, 200),
    st.none() | st.integers(0, 30),
).filter(lambda sizes: sizes != (None, None))


def _starts_well(messages: list[StoredMessage], start: int) -> bool:
    """Whether no result from ``start`` on answers a call before it."""
    for place in range(start, len(messages)):
        call_id = messages[place].tool_call_id
        calls = [
            n for n in range(place) if any(call["id"] == call_id for call in messages[n].tool_calls or ())
        ]
        if calls and calls[-1] < start:
            return False
    return True


def expected(
    messages: list[StoredMessage], max_tokens: int | None, max_messages: int | None
) -> list[StoredMessage]:
    """The longest end of the conversation that fits and starts well."""
    for start in range(len(messages)):
        end = messages[start:]
        if max_tokens is not None and sum(m.token_count or 0 for m in end) > max_tokens:
            continue
        if max_messages is not None and len(end) > max_messages:
            continue
        if _starts_well(messages, start):
            return end
    return []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=_MESSAGES, sizes=st.lists(_SIZES, min_size=1, max_size=4), cut=st.integers(0, 25))
def test_the_window_is_the_longest_end_that_fits_and_starts_well(
    client: pylayer.Client,
    messages: list[Message],
    sizes: list[tuple[int | None, int | None]],
    cut: int,
) -> None:
    chat = client.conversations.save().instance_id
    client.conversations.append_many(
        chat, messages[:cut]
    )  # a call may be stored before its result, or with it
    client.conversations.append_many(chat, messages[cut:])
    stored = client.conversations.messages(chat)
    assert [m.message_id for m in stored] == [m.message_id for m in messages]
    for max_tokens, max_messages in sizes:
        window = client.conversations.window(chat, max_tokens=max_tokens, max_messages=max_messages)
        assert window == expected(stored, max_tokens, max_messages)


@pytest.mark.parametrize(
    "sizes", [{}, {"max_tokens": -1}, {"max_messages": -1}, {"max_tokens": 1, "max_messages": -1}]
)
def test_a_window_has_a_size(client: pylayer.Client, sizes: dict[str, int]) -> None:
    client.conversations.save("c")
    with pytest.raises(pylayer.InvalidInput) as caught:
        client.conversations.window("c", **sizes)
    assert (caught.value.code, caught.value.reason) == ("PT400", "invalid_window")
