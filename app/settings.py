"""One frozen Settings, made once at the edge and passed in; never a global."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment (TOUCHSTONE_*) or `.env`; raises pydantic's ValidationError that names what is wrong."""

    model_config = SettingsConfigDict(env_prefix="TOUCHSTONE_", env_file=".env", frozen=True, extra="ignore")

    database_url: str = Field("", description="Database; empty means SQLite in the data folder")
    data_dir: Path = Field(Path("./var"), description="Folder of the database, the training runs and the models")
    base_model: str = Field("", description="Hub id or folder; empty means the packaged all-MiniLM-L6-v2")
    public_url: str = Field("http://127.0.0.1:8000", description="Where people reach the web app; used in links")
    lease_minutes: float = Field(30, gt=0, description="How long an annotator holds a comparison")
    max_upload_mb: int = Field(2000, gt=0, description="The largest upload, unpacked")
    secure_cookies: bool = Field(False, description="Send the session cookie over HTTPS only")
    checkpoint_seconds: float = Field(20, ge=0, description="How often a training run can be gone on from, in seconds")
    log_format: Literal["", "text", "json"] = Field("", description="text or json; empty means text on a terminal only")
    log_level: Literal["", "debug", "info", "warning", "error"] = Field(
        "", description="The least that is logged; empty means warning in text, and info, so each request, in JSON"
    )
    retention_audit_days: int = Field(0, ge=0, description="Days that the audit log is kept; 0 means for ever")
    retention_model_days: int = Field(
        0, ge=0, description="Days that models are kept that are not in use; 0 means for ever"
    )
    worker_id: str = Field("worker-1", description="Stable name of this worker; give each worker its own")

    @property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'touchstone.db'}"

    def at(self, host: str, port: int) -> Self:
        """These settings with links that lead to that address, unless `public_url` was set."""
        if "public_url" in self.model_fields_set:
            return self
        name = reachable(host)
        return self.model_copy(update={"public_url": f"http://{f'[{name}]' if ':' in name else name}:{port}"})

    def invitation(self, secret: str) -> str:
        """The link of an invitation."""
        return f"{self.public_url.rstrip('/')}/invitations/{secret}"

    @property
    def lease(self) -> timedelta:
        """The lease as a duration."""
        return timedelta(minutes=self.lease_minutes)

    @property
    def max_upload(self) -> int:
        """The largest upload in bytes."""
        return self.max_upload_mb * 1_000_000


def reachable(host: str) -> str:
    """Under which name this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
