"""Previews and extracted fields."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylayer.artifacts import Extract, extractors, register_extractor
from pylayer.artifacts.extractors import PREVIEW_CHARS, extract


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractors, "_registered", dict(extractors._registered))


def test_markdown_gives_title_and_headings() -> None:
    text = "intro\n\n## First #\n```sh\n# no heading\n```\n# Title\n####### seven\n#none\n### Deep  \n"
    found = extract("text/markdown; charset=utf-8", text)
    assert found.extracted_fields == {
        "title": "Title",
        "headings": [
            {"level": 2, "text": "First"},
            {"level": 1, "text": "Title"},
            {"level": 3, "text": "Deep"},
        ],
    }
    assert found.preview_text is not None
    assert found.preview_text.startswith("intro\n## First")


@pytest.mark.parametrize(
    "line", ["# " + " " * 400_000 + "x", "#" * 400_000, "`" * 400_000, "# #" + " #" * 200_000]
)
def test_markdown_takes_linear_time(line: str) -> None:
    began = time.thread_time()
    extract("text/markdown", line)
    assert time.thread_time() - began < 5


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"b": 1, "a": {"c": 2}}', {"keys": ["b", "a"], "key_count": 2}),
        ("[1, 2, 3]", {"length": 3}),
        ("7", None),
        ('{"cut": of', None),
        ("[" * 100_000, None),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/ld+json"])
def test_json_gives_its_top_level(kind: str, text: str, fields: Any) -> None:
    found = extract(kind, text)
    assert found.extracted_fields == fields
    assert found.preview_text is not None


def test_text_gives_its_first_lines() -> None:
    found = extract("text/plain", "\ufeffa,b\n\n" + "1,2\n" * 1000)
    assert found.extracted_fields is None
    assert found.preview_text is not None
    assert found.preview_text.startswith("a,b\n1,2\n")
    assert len(found.preview_text) == PREVIEW_CHARS


def test_unknown_types_give_nothing() -> None:
    assert extract("image/png", "text") == (None, None)


def test_the_most_exact_extractor_wins() -> None:
    for name in ("text/*", "text/x-log", "+yaml"):
        register_extractor(name, lambda _, name=name: Extract(name))
    assert extract("text/x-log", "").preview_text == "text/x-log"
    assert extract("text/other", "").preview_text == "text/*"
    assert extract("application/x+yaml", "").preview_text == "+yaml"


@pytest.mark.parametrize(
    "broken",
    [
        lambda _: 1 / 0,
        lambda _: None,
        lambda _: Extract("x", {"a": object()}),
        lambda _: Extract("x", {"a": float("inf")}),
        lambda _: Extract(5),  # type: ignore[arg-type]
    ],
)
def test_a_broken_extractor_gives_nothing(broken: Any) -> None:
    register_extractor("text/broken", broken)
    assert extract("text/broken", "text") == (None, None)


def test_what_postgres_can_not_hold_is_replaced() -> None:
    register_extractor("text/odd", lambda _: Extract("a\0b", {"k\0": ["\ud800", {"x": ("\0",)}]}))
    assert extract("text/odd", "") == ("a\ufffdb", {"k\ufffd": ["?", {"x": ["\ufffd"]}]})


@given(st.text(max_size=2000), st.sampled_from(["text/markdown", "application/json", "text/plain"]))
def test_any_text(text: str, kind: str) -> None:
    preview, fields = extract(kind, text)
    assert preview is None or len(preview) <= PREVIEW_CHARS
    json.dumps([preview, fields], ensure_ascii=False).encode()
