"""One frozen Settings, made once at the edge and passed in; never a global."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment (TOUCHSTONE_*) or `.env`; raises pydantic's ValidationError that names what is wrong."""

    model_config = SettingsConfigDict(env_prefix="TOUCHSTONE_", env_file=".env", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("./var"), description="Folder of the database, the exports and the trained models")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder")
    base_model: str = Field("", description="Hub id or folder of the base model; empty: the packaged all-MiniLM-L6-v2")
    lease_minutes: float = Field(30, gt=0, description="How long an annotator holds a comparison")

    @property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'touchstone.db'}"

    @property
    def lease(self) -> timedelta:
        """The lease as a duration."""
        return timedelta(minutes=self.lease_minutes)
