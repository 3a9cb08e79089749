"""Settings from the environment, under the names that Postgres and S3 users already have set."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pylayer.errors import InvalidInput

__all__ = ["Settings", "checked_dsn"]


def _names(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """All settings. Secrets never show in ``repr``.

    Attributes:
        database_url: ``DATABASE_URL``, for every call; may point at PgBouncer in transaction mode.
        database_direct_url: ``DATABASE_DIRECT_URL``, past the pooler, for migrations and workers.
        database_pool_size: ``DATABASE_POOL_SIZE``, most connections a client keeps.
        s3_endpoint: ``AWS_ENDPOINT_URL_S3`` (a URL) or ``MINIO_ENDPOINT`` (host:port); None is AWS itself.
        s3_access_key: ``AWS_ACCESS_KEY_ID`` or ``MINIO_ACCESS_KEY``.
        s3_secret_key: ``AWS_SECRET_ACCESS_KEY`` or ``MINIO_SECRET_KEY``.
        s3_region: ``AWS_REGION``.
        s3_secure: ``MINIO_SECURE``, TLS for an endpoint without a scheme.
        s3_bucket: ``S3_BUCKET``.
        s3_force_path_style: ``S3_FORCE_PATH_STYLE``.
        telemetry_endpoint: ``TELEMETRY_ENDPOINT``, URL of a ``pylayer serve`` that events are sent to.
        telemetry_api_key: ``TELEMETRY_API_KEY``, its API key.
        max_upload_bytes: ``PYLAYER_MAX_UPLOAD_BYTES``, most bytes of content that ``pylayer serve`` takes.
        home: ``PYLAYER_HOME``, the embedded stack's data directory.
    """

    model_config = SettingsConfigDict(
        populate_by_name=True, extra="ignore", case_sensitive=True, env_ignore_empty=True
    )

    database_url: SecretStr | None = Field(None, validation_alias=_names("DATABASE_URL"))
    database_direct_url: SecretStr | None = Field(None, validation_alias=_names("DATABASE_DIRECT_URL"))
    database_pool_size: int = Field(8, ge=1, validation_alias=_names("DATABASE_POOL_SIZE"))
    s3_endpoint: str | None = Field(None, validation_alias=_names("AWS_ENDPOINT_URL_S3", "MINIO_ENDPOINT"))
    s3_access_key: SecretStr | None = Field(
        None, validation_alias=_names("AWS_ACCESS_KEY_ID", "MINIO_ACCESS_KEY")
    )
    s3_secret_key: SecretStr | None = Field(
        None, validation_alias=_names("AWS_SECRET_ACCESS_KEY", "MINIO_SECRET_KEY")
    )
    s3_region: str = Field("us-east-1", validation_alias=_names("AWS_REGION"))
    s3_secure: bool = Field(False, validation_alias=_names("MINIO_SECURE"))
    s3_bucket: str = Field("artifacts", validation_alias=_names("S3_BUCKET"))
    s3_force_path_style: bool = Field(True, validation_alias=_names("S3_FORCE_PATH_STYLE"))
    telemetry_endpoint: str | None = Field(None, validation_alias=_names("TELEMETRY_ENDPOINT"))
    telemetry_api_key: SecretStr | None = Field(None, validation_alias=_names("TELEMETRY_API_KEY"))
    max_upload_bytes: int = Field(2**30, ge=1, validation_alias=_names("PYLAYER_MAX_UPLOAD_BYTES"))
    home: Path = Field(Path(".pylayer"), validation_alias=_names("PYLAYER_HOME"))

    @classmethod
    def from_environment(cls, stack: dict[str, str] | None = None) -> Self:
        """Read the environment; an empty variable counts as unset.

        Args:
            stack: what stands above the environment, by variable name.

        Raises:
            InvalidInput: a variable has a value of the wrong type.
        """
        try:
            return cls.model_validate(stack or {})
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidInput(
                f"the setting {'.'.join(str(part) for part in first['loc'])} is not usable",
                reason="bad_setting",
                detail=first["msg"],
                hint="correct the environment variable",
            ) from error

    @classmethod
    def load(cls) -> Self:
        """Read the environment; without ``DATABASE_URL``, the running embedded stack in ``home`` is used.

        Raises:
            InvalidInput: a variable has a value of the wrong type.
        """
        from pylayer.embedded import stack_environment

        settings = cls.from_environment()
        if settings.database_url is not None:
            return settings
        return cls.from_environment({**stack_environment(settings.home), "PYLAYER_HOME": str(settings.home)})

    def require_database_url(self, *, direct: bool = False) -> str:
        """Return the connection string (with ``direct`` the one past the pooler, if it is set).

        Raises:
            InvalidInput: no database is configured and no embedded stack runs.
        """
        url = (self.database_direct_url if direct else None) or self.database_url
        if url is None:
            raise InvalidInput(
                "no database is configured",
                reason="no_database",
                hint='set DATABASE_URL, or start the embedded stack: pylayer up && eval "$(pylayer env)"',
            )
        name = "DATABASE_DIRECT_URL" if direct and self.database_direct_url else "DATABASE_URL"
        return checked_dsn(url.get_secret_value(), name)


def checked_dsn(dsn: str, name: str = "dsn") -> str:
    """Return a connection string once it is known to be one; what it holds, a password too, is never shown.

    Raises:
        InvalidInput: libpq can't read it.
    """
    try:
        conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise InvalidInput(
            f"{name} is not a connection string",
            reason="bad_database_url",
            hint="postgresql://user@host:5432/database",
        ) from None
    return dsn
