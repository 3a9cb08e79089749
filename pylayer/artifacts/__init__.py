"""Versioned artifacts: small text in the database, everything else in object storage, always verified."""

from pylayer.artifacts.content import INLINE_LIMIT_BYTES, Content
from pylayer.artifacts.extractors import Extract, Extractor, register_extractor
from pylayer.artifacts.models import (
    ArtifactInfo,
    ArtifactLink,
    ArtifactVersion,
    CleanupReport,
    DeletedBlob,
    VerifyReport,
    VersionCheck,
)
from pylayer.artifacts.namespace import Artifacts
from pylayer.artifacts.reader import ArtifactReader, AsyncArtifactReader

__all__ = [
    "INLINE_LIMIT_BYTES",
    "ArtifactInfo",
    "ArtifactLink",
    "ArtifactReader",
    "ArtifactVersion",
    "Artifacts",
    "AsyncArtifactReader",
    "CleanupReport",
    "Content",
    "DeletedBlob",
    "Extract",
    "Extractor",
    "VerifyReport",
    "VersionCheck",
    "register_extractor",
]
