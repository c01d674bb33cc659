"""A client as the settings say."""

from typing import Final

from app.inference.client import InferenceClient
from app.inference.connection import Connection
from app.sealed import refuse_outgoing
from app.settings import Settings

PORT: Final = 8766
"""Of a service that is started by itself."""
SLACK_SECONDS: Final = 30.0
"""Beyond what the service allows itself: it should be the one to say that it took too long."""
ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (asked)


def open_client(settings: Settings) -> InferenceClient:
    """Nothing is connected to before something is asked. Raises SealedError."""
    refuse_outgoing(
        settings,
        "Asking the inference service on another machine",
        instead="Let it run on this one: PATCHCLAMP_INFERENCE_HOST=127.0.0.1.",
        address=ANY_ADDRESS.get(settings.inference_host, settings.inference_host),
    )
    secret = settings.inference_secret
    longest = max(settings.inference_seconds, settings.inference_sweep_seconds)
    connection = Connection(
        address(settings.inference_host, settings.inference_port or PORT),
        None if secret is None else secret.get_secret_value(),
        seconds=settings.inference_load_seconds + longest + SLACK_SECONDS,
    )
    return InferenceClient(connection)


def address(host: str, port: int) -> str:
    host = ANY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
