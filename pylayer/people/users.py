"""`client.users`: the calls for users of schema iam."""

from __future__ import annotations

from typing import TypeAlias, Unpack

from psycopg.types.json import Jsonb

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows
from pylayer.people.models import User, UserFields

__all__ = ["Users"]

_Listed: TypeAlias = list[User]


class Users(Namespace[R]):
    """People and service accounts that work is assigned to."""

    @operation
    def save(self, username: str, **fields: Unpack[UserFields]) -> Plan[User]:
        """Make a user, or change what is given of one (admin). Safe to repeat.

        Args:
            username: 1 to 63 of ``a-z``, ``0-9``, ``.``, ``_`` and ``-``.
            **fields: those of `UserFields`; None clears one, what is left out stays.

        Raises:
            InvalidInput: a value that is none. NotFound: the user was removed. Forbidden: not an admin.
            Conflict: ``user_taken``: the email or node id is another user's.
            TooLarge: a document over 256 KiB.

        Example:
            >>> client.users.save("ada", email="ada@example.org").username
            'ada'
        """
        params = {"p_username": username, "p_fields": Jsonb(fields)}
        return (yield from call("iam.save_user", params, one(User), repeatable=True))

    @operation
    def get_by_id(self, user: str) -> Plan[User]:
        """Return a user.

        Args:
            user: its id or username.

        Raises:
            NotFound: there is no such user.
        """
        return (yield from call("iam.get_user", {"p_user": user}, one(User), repeatable=True))

    @operation
    def list(self, *, limit: int = 100, after: str | None = None) -> Plan[_Listed]:
        """Return a page of users, by username.

        Args:
            limit: 1 to 1,000 users.
            after: ``username`` that ended the previous page.

        Raises:
            InvalidInput: a limit that is none.
        """
        params = {"p_limit": limit, "p_after": after}
        return (yield from call("iam.list_users", params, rows(User), repeatable=True))
