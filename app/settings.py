"""Every knob of Patchclamp, from the environment, with one prefix: PATCHCLAMP_."""

from functools import lru_cache
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PATCHCLAMP_", frozen=True, extra="ignore")

    data: Path = Field(
        default_factory=lambda: user_data_path("patchclamp"),
        description="The one folder for everything that is written.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://… or sqlite:///…; default: store.sqlite in the data folder.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the web side listens on.")
    port: int = Field(default=8765, ge=0, le=65535, description="Port; 0 takes a free one.")
    allowed_hosts: list[str] = Field(
        default=["127.0.0.1", "localhost", "[::1]"],
        description="Host names that requests may carry.",
    )
    sealed: bool = Field(
        default=False,
        description="No process connects to anything beyond this machine but the database, "
        "exports wait for an administrator, and what is viewed goes into the audit log.",
    )
    login: str = Field(
        default="auto",
        pattern="^(auto|always)$",
        description="auto: nobody has to sign in while there is no account, since the server "
        "then listens on this machine alone; always: also then, with the link that is printed, "
        "for machines that others use too.",
    )
    admin_name: str | None = Field(
        default=None,
        description="Makes an administrator of this name at the start, where there is none.",
    )
    admin_password: SecretStr | None = Field(default=None, description="The password of it.")
    login_days: float = Field(
        default=30, gt=0, le=400, description="So long a browser stays signed in."
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="Address of an OpenID Connect provider that people may sign in by; https.",
    )
    oidc_client_id: str | None = Field(default=None, description="As which it knows this server.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="What it knows this server by; none of public clients."
    )
    oidc_name: str = Field(
        default="single sign-on", min_length=1, max_length=60, description="What its button says."
    )
    oidc_role: str | None = Field(
        default=None,
        pattern="^(viewer|annotator|reviewer|admin|owner)$",
        description="With which role with every model people get an account whom nobody knows "
        "here; default: they get none.",
    )
    oidc_domains: list[str] = Field(
        default=[],
        description="Only those whose verified e-mail address is of one of these; none: all.",
    )
    trusted_proxies: list[str] = Field(
        default=["127.0.0.1", "::1"],
        description="Addresses of proxies that are believed where somebody asks from; * for all.",
    )
    token_requests: int = Field(
        default=1200, ge=0, description="So many requests a minute of one token; 0: any number."
    )
    account_requests: int = Field(
        default=2400, ge=0, description="The same of all tokens of one account together."
    )
    inference_requests: int = Field(
        default=300, ge=0, description="So often a minute one account may ask the loaded model."
    )
    audit_key: SecretStr | None = Field(
        default=None,
        description="What the audit log is sealed with, 32 characters or more; default: the file "
        "audit.key in the data folder, made at first use. Servers on one database need the same.",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|cuda(:[0-9]{1,2})?)$",
        description="Torch device of the worker: auto, cpu, cuda, mps.",
    )
    threads: int | None = Field(default=None, ge=1, description="CPU threads of the worker.")
    most_queued_jobs: int = Field(
        default=200, ge=1, description="So many jobs may wait; over the web no more are taken."
    )
    most_streams: int = Field(
        default=100, ge=1, description="So many pages or programs may watch jobs at once."
    )
    most_live: int = Field(
        default=1000,
        ge=1,
        description="So many pages may show at once what others do, as they do it.",
    )
    most_downloads: int = Field(
        default=4, ge=1, description="So many tables of statistics may be downloaded at once."
    )
    most_experiments: int = Field(
        default=100_000, ge=1, description="So many experiments are kept; then no more are run."
    )
    program_seconds: float = Field(
        default=10,
        gt=0,
        le=600,
        description="So long a program may run on a page or over REST while somebody waits.",
    )
    lease_seconds: float = Field(
        default=30, gt=0, description="After this long without a heartbeat a worker counts as dead."
    )
    poll_seconds: float = Field(default=0.2, gt=0, description="How often workers look for jobs.")
    checkpoint_seconds: float = Field(
        default=120, ge=0, description="A sweep saves its state this often; 0: after every shard."
    )
    assistant_url: str | None = Field(
        default=None,
        description="Base URL of an OpenAI-compatible endpoint; without it no language model is "
        "asked and nothing is sent.",
    )
    assistant_key: SecretStr | None = Field(default=None, description="The key that it wants.")
    assistant_timeout_seconds: float = Field(
        default=120, gt=0, le=3600, description="So long one of its answers may take."
    )
    inference_host: str = Field(
        default="127.0.0.1", description="Address of the inference service."
    )
    inference_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Its port; default: a free one for `up` and `demo`, else 8766.",
    )
    inference_secret: SecretStr | None = Field(
        default=None, description="What web side and inference service know each other by."
    )
    inference_dtype: str = Field(
        default="float32",
        pattern="^(float32|bfloat16|float16)$",
        description="In what it computes: float32, bfloat16 or float16.",
    )
    inference_memory: int | None = Field(
        default=None,
        ge=1,
        description="Bytes that its loaded models may take; default: half of what is free.",
    )
    inference_queue: int = Field(
        default=32, ge=0, le=10_000, description="So many requests may wait for it."
    )
    inference_seconds: float = Field(
        default=120, gt=0, description="So long it may take over one request, waiting included."
    )
    inference_sweep_seconds: float = Field(
        default=1800, gt=0, description="The same for a sweep of edits."
    )
    inference_load_seconds: float = Field(
        default=600, gt=0, description="So long a request waits for its model to be loaded."
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    log_json: bool = Field(default=False, description="One JSON object per log line.")

    @property
    def url(self) -> str:
        """The database URL with its driver named (psycopg 3 for PostgreSQL)."""
        if self.database_url is None:
            return sqlite_url(self.data / "store.sqlite")
        url = self.database_url.get_secret_value()
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+psycopg://" + url.removeprefix(scheme)
        return url


def sqlite_url(file: Path) -> str:
    """The URL of a SQLite file, whatever stands in its path: `?` and `#` mean something in URLs."""
    return URL.create("sqlite", database=str(file)).render_as_string()


@lru_cache
def get_settings() -> Settings:
    return Settings()
