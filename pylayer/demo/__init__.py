"""The demo: a LangGraph graph that audits a source tree and persists its run.

It needs the extra ``demo`` (``pip install 'pylayer-pg[demo]'``); importing this package does not.
"""

from __future__ import annotations

from importlib.util import find_spec

from pylayer.errors import InvalidInput

__all__ = ["require_packages"]


def require_packages() -> None:
    """Check that the extra ``demo`` is installed.

    Raises:
        InvalidInput: ``missing_package``, a package of it is missing.
    """
    missing = [name for name in ("langgraph", "ruff") if find_spec(name) is None]
    if missing:
        raise InvalidInput(
            f"the demo needs the package {missing[0]}",
            reason="missing_package",
            detail=", ".join(missing),
            hint="pip install 'pylayer-pg[demo,embedded]' (in a clone: make setup)",
        )
