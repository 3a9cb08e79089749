"""Work items: `client.items`, `client.projects`, `client.comments`, `client.decisions`."""

from pylayer.items.comments import Comments
from pylayer.items.decisions import Decisions
from pylayer.items.models import (
    Attachment,
    Comment,
    Decision,
    Item,
    ItemFields,
    ItemMatch,
    ItemState,
    Project,
    ProjectFields,
    Transition,
)
from pylayer.items.namespace import Items
from pylayer.items.projects import Projects

__all__ = [
    "Attachment",
    "Comment",
    "Comments",
    "Decision",
    "Decisions",
    "Item",
    "ItemFields",
    "ItemMatch",
    "ItemState",
    "Items",
    "Project",
    "ProjectFields",
    "Projects",
    "Transition",
]
