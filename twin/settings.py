"""Settings by subject, read from the environment once and passed in."""

import os
from pathlib import Path

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT_HOME = Path("/var/lib/twin")


def default_home() -> Path:
    """Return where data lies when `TWIN_HOME` is unset: a system folder for root, else the user's own.

    Examples
    --------
    >>> default_home().is_absolute()
    True
    """
    if os.geteuid() == 0:
        return ROOT_HOME
    return Path(platformdirs.user_data_dir("twin", appauthor=False))


class HomeSettings(BaseSettings):
    """Where the service keeps its data (`TWIN_HOME`, `TWIN_OBJECT_STORE`)."""

    model_config = SettingsConfigDict(env_prefix="TWIN_", extra="ignore")

    home: Path = Field(default_factory=default_home)
    object_store: str | None = None
    pg_bin: Path | None = None  # a folder of PostgreSQL programs to use before all others
    system_packages: bool = True  # false: never install packages into the system

    @property
    def objects_url(self) -> str:
        """The object store as a folder path or an `s3://` URL; the home's own folder by default."""
        return self.object_store or str(self.home / "objects")


class DatabaseSettings(BaseSettings):
    """Which PostGIS is used.

    `DATABASE_URL` names the owner's connection to an outside server (unset: the embedded cluster).
    `TWIN_APP_DATABASE_URL` names the service role's connection there, when an administrator made it.
    """

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    app_url: str | None = Field(default=None, validation_alias="TWIN_APP_DATABASE_URL")
    statement_timeout_ms: int = Field(default=30_000, validation_alias="TWIN_STATEMENT_TIMEOUT_MS")
    pool_size: int = Field(default=8, validation_alias="TWIN_POOL_SIZE")


class ServerSettings(BaseSettings):
    """How the service is reached."""

    model_config = SettingsConfigDict(env_prefix="TWIN_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = 8000
    admin_token: str | None = None
    basemap: str = "samples"
    review_number: str = ""  # 审图号, shown on the map and in exports
    cors_origins: str = ""  # comma-separated allow-list for /embed feeds
    frame_ancestors: str = "'self'"  # who may show /embed pages in a frame
    upload_max_mb: int = 2_048
    upload_rest_h: int = Field(default=24, ge=1)  # how long an upload may rest before it is given up
    ogc_classic: bool = False  # offer WMS, WFS and WMTS with MapServer


class TileSettings(BaseSettings):
    """How much each API process keeps of finished tiles (`TWIN_TILE_…`); megabytes, 0 keeps none."""

    model_config = SettingsConfigDict(env_prefix="TWIN_TILE_", extra="ignore")

    memory_mb: int = Field(default=128, ge=0)
    disk_mb: int = Field(default=1_024, ge=0)  # below TWIN_HOME/cache/tiles, shared by all processes


class ReadSettings(BaseSettings):
    """Limits of reading a planner's file (`TWIN_READ_…`); seconds and megabytes."""

    model_config = SettingsConfigDict(env_prefix="TWIN_READ_", extra="ignore")

    at_once: int = Field(default=2, ge=1)  # readers that run at the same time, in each API process
    wall_s: float = Field(default=600.0, gt=0)
    cpu_s: int = Field(default=300, ge=1)
    memory_mb: int = Field(default=2_048, ge=512)
    file_mb: int = Field(default=4_096, ge=16)  # largest file a reader may write
    job_mb: int = Field(default=8, ge=0)  # larger files are read by a job
    wait_s: float = Field(default=20.0, ge=0)  # so long a request waits for that job


class JobSettings(BaseSettings):
    """Limits of background work (`TWIN_JOB_…`); seconds and megabytes."""

    model_config = SettingsConfigDict(env_prefix="TWIN_JOB_", extra="ignore")

    heartbeat_s: float = 2.0
    stale_after_s: float = 6.0
    sweep_every_s: float = 5.0
    crash_cap: int = 3
    concurrency: int = 2
    convert_processes: int = Field(
        default=0, ge=0
    )  # geometry of one large model; 0: one a core, four at most
    hold_failed_percent: float = Field(
        default=20.0, ge=0
    )  # above it a revision waits for somebody's approval
    object_grace_h: float = Field(default=24.0, ge=1)  # how long a file stays that nothing needs
    convert_wall_s: int = 3_600
    convert_cpu_s: int = 3_600
    convert_memory_mb: int = 6_144
    convert_file_mb: int = 4_096
    check_wall_s: int = 1_800
    check_cpu_s: int = 1_800
    check_memory_mb: int = 6_144
    check_after_publish: str = "ids"  # of schema, ids; comma-separated; empty: none
    pack_scenes: bool = True  # where there is Node
    pack_wall_s: int = Field(default=600, ge=1)
