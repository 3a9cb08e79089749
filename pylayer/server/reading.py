"""Reading events: pages with filters, and the timeline of a run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, StringConstraints
from starlette.convertors import Convertor, register_url_convertor

from pylayer.events import StoredEvent
from pylayer.server.access import Authenticated
from pylayer.server.pages import Maybe, Name, Page, PageQuery, Timestamp, UlidText, json_page, linked
from pylayer.server.problems import documented

__all__ = ["router"]

router = APIRouter(tags=["events"])
_SCOPE = "events:read"
_PROBLEMS = documented(400, 401, 403, 503)
_CURSOR = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z,[0-7][0-9A-HJKMNP-TV-Z]{25}$"


class _Text(Convertor[str]):
    """The rest of a path, whatever it is: a run's id may hold slashes and line feeds."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _Text())


def _position(cursor: str) -> tuple[datetime, str]:
    ts, _, event_id = cursor.partition(",")
    return datetime.fromisoformat(ts), event_id


def _checked(cursor: str) -> str:
    _position(cursor)  # a month 13 is no time
    return cursor


Cursor = Annotated[str, StringConstraints(pattern=_CURSOR), AfterValidator(_checked)]


class EventQuery(PageQuery):
    """Which events.

    Attributes:
        since: earliest ``ts``.
        until: ``ts`` before which to stop.
        event_name, run_id, item_id, workflow_name, agent_role, project_id: exact filters.
        after: ``next`` of the page before: the ``event_id`` that ended it.
    """

    since: Maybe[Timestamp] = None
    until: Maybe[Timestamp] = None
    event_name: Maybe[Name] = None
    run_id: Maybe[Name] = None
    item_id: Maybe[Name] = None
    workflow_name: Maybe[Name] = None
    agent_role: Maybe[Name] = None
    project_id: Maybe[Name] = None
    after: Maybe[UlidText] = None


class TimelineQuery(PageQuery):
    """Which part of a timeline.

    Attributes:
        after: ``next`` of the page before: ``ts`` and ``event_id`` of the event that ended it.
    """

    after: Maybe[Cursor] = None


class EventPage(Page):
    """A page of events.

    Attributes:
        events: the events.
    """

    events: list[StoredEvent]


@router.get(
    "/telemetry/events",
    response_model=EventPage,
    responses={200: linked("A page of events in id order"), **_PROBLEMS},
)
async def query_events(
    access: Authenticated, request: Request, query: Annotated[EventQuery, Query()]
) -> Response:
    """Return a page of events in id order, in which time order is kept to the millisecond."""
    access.require(_SCOPE)
    found = await access.client.events.query(**query.filters(), limit=query.limit + 1)
    page = found[: query.limit]
    following = page[-1].event_id if len(found) > len(page) else None
    return json_page(request, EventPage(events=page, next=following))


@router.get(
    "/telemetry/runs/{run_id:text}",
    response_model=EventPage,
    responses={200: linked("A page of the run's timeline"), **_PROBLEMS},
)
async def run_timeline(
    access: Authenticated,
    request: Request,
    run_id: Annotated[Name, Path(min_length=1)],
    query: Annotated[TimelineQuery, Query()],
) -> Response:
    """Return a page of a run's events in the order in which they happened; a run without events has none."""
    access.require(_SCOPE)
    after = None if query.after is None else _position(query.after)
    found = await access.client.events.timeline(run_id, limit=query.limit + 1, after=after)
    page = found[: query.limit]
    following = _cursor(page[-1]) if len(found) > len(page) else None
    return json_page(request, EventPage(events=page, next=following))


def _cursor(event: StoredEvent) -> str:
    ts = cast("datetime", event.ts).astimezone(UTC).isoformat(timespec="microseconds")
    return f"{ts.removesuffix('+00:00')}Z,{event.event_id}"
