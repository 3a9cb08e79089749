"""Archives: months of events in object storage, one Parquet file each.

Writing and reading them needs the extra ``archive`` (``pip install 'pylayer-pg[archive]'``); importing this
package does not.
"""

from __future__ import annotations

from pylayer.archive.models import Archive
from pylayer.archive.namespace import Archives

__all__ = ["Archive", "Archives"]
