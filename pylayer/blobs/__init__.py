"""Object storage: plain S3 (SigV4, multipart, ranges) for bytes that are too large for the database."""

from pylayer.blobs.store import BlobStat, BlobStore
from pylayer.blobs.stream import BlobStream

__all__ = ["BlobStat", "BlobStore", "BlobStream"]
