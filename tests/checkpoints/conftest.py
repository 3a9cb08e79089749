from __future__ import annotations

from collections.abc import Iterator

import pytest

import pylayer
from pylayer.config import Settings
from pylayer.langgraph import PylayerSaver


@pytest.fixture
def saver(settings: Settings) -> Iterator[PylayerSaver]:
    """A saver on the fresh database, with the rights of an agent."""
    with pylayer.connect(settings=settings, role="pylayer_agent") as connected:
        yield PylayerSaver(connected)
