"""A web side whose model is really loaded by an inference service of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI
from playwright.sync_api import expect
from pydantic import SecretStr
from sqlalchemy import Engine, update

from app.main import create_app
from app.settings import Settings
from app.store.engine import open_session
from app.store.migrating import upgrade
from app.store.synthetic import fill_synthetic
from app.store.tables import ModelTable
from tests.analysis.models.tiny import make_tiny_plain
from tests.inference.serving import SECRET, Running, spec_of

MARKUP = "<script>document.title='owned'</script> <img src=x onerror=alert(1)>"
"""Among the words of its vocabulary."""


@contextmanager
def patiently() -> Iterator[None]:
    """The model computes in this very process, and waits for its turn."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


def live_app(data: Path, service: Running) -> FastAPI:
    """With the model `synthetic`: three layers of 24 neurons and three heads."""
    app = create_app(
        Settings(
            data=data,
            log_level="error",
            inference_port=int(service.url.rpartition(":")[2]),
            inference_secret=SecretStr(SECRET),
        )
    )
    upgrade(app.state.engine)
    fill_synthetic(
        app.state.engine, data=data, layers=3, neurons=24, heads=3, windows=24, window_length=16,
        exemplars_per_kind=4,
    )  # fmt: skip
    _make_loadable(app.state.engine, data)
    return app


def _make_loadable(engine: Engine, data: Path) -> None:
    """Random weights in the place of those that the synthetic store only speaks of."""
    words = [*MARKUP.split(), *(f"w{number}" for number in range(600))]
    spec = spec_of(
        make_tiny_plain(
            data / "models" / "synthetic", n_layers=3, d_mlp=24, n_heads=3, n_ctx=64,
            vocab=["BOS", *"abcdefghi", *words],
        )
    )  # fmt: skip
    with open_session(engine, commit=True) as session:
        session.execute(
            update(ModelTable).values(
                weights_sha256=spec.weights_sha256, tokenizer_sha256=spec.tokenizer_sha256
            )
        )
