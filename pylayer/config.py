"""Settings from the environment, under the names that Postgres and S3 users already have set."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pylayer.errors import InvalidInput

__all__ = ["Settings"]


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
        home: ``PYLAYER_HOME``, the embedded stack's data directory.
    """

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", case_sensitive=True)

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
    home: Path = Field(Path(".pylayer"), validation_alias=_names("PYLAYER_HOME"))

    @classmethod
    def load(cls) -> Self:
        """Read the environment; what it does not name comes from a running embedded stack in ``home``.

        Raises:
            InvalidInput: a variable has a value of the wrong type.
        """
        from pylayer.embedded import stack_environment

        try:
            settings = cls.model_validate({})
            if settings.database_url is None:
                settings = cls.model_validate(
                    {**stack_environment(settings.home), "PYLAYER_HOME": settings.home}
                )
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidInput(
                f"the setting {'.'.join(str(part) for part in first['loc'])} is not usable",
                detail=first["msg"],
                hint="correct the environment variable",
            ) from error
        return settings

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
        return url.get_secret_value()
