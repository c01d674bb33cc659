"""Every format that circuits are written in, by name. A new one is a module, and a line here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from analysis.protocol.circuits import Circuit
from app.errors import BadRequestError
from app.exchange.circuits.attribution_graph import write_graph
from app.exchange.circuits.eap_ig import write_eap_ig
from app.store.views.circuit import CircuitView
from app.store.views.model import ModelView

MEDIA_TYPE: Final = "application/json"
AT_ONCE: Final = 2**16


@dataclass(frozen=True)
class Written:
    """A circuit, and what is said of it beside its graph."""

    view: CircuitView
    model: ModelView

    @property
    def circuit(self) -> Circuit:
        return Circuit.model_validate_json(self.view.circuit)


def _attribution_graph(written: Written) -> Iterator[bytes]:
    view = written.view
    return write_graph(
        written.circuit,
        model=view.model,
        slug=view.slug,
        version=_version(),
        made=view.created_at,
    )


def _eap_ig(written: Written) -> Iterator[bytes]:
    return iter([write_eap_ig(written.circuit, written.model)])


FORMATS: Final[dict[str, Callable[[Written], Iterator[bytes]]]] = {
    "attribution-graph": _attribution_graph,
    "eap-ig": _eap_ig,
}


def encode(written: Written, form: str) -> Iterator[bytes]:
    """The file, in pieces. ConflictError: the circuit cannot be said in this format."""
    if form not in FORMATS:
        raise BadRequestError(
            f"There is no format {form!r} for circuits.", hint=f"There are {', '.join(FORMATS)}."
        )
    return _together(FORMATS[form](written))


def _together(parts: Iterator[bytes]) -> Iterator[bytes]:
    """A graph has very many small parts, and each is sent by itself."""
    kept: list[bytes] = []
    n_bytes = 0
    for part in parts:
        kept.append(part)
        n_bytes += len(part)
        if n_bytes >= AT_ONCE:
            yield b"".join(kept)
            kept, n_bytes = [], 0
    yield b"".join(kept)


def _version() -> str:
    try:
        return version("patchclamp")
    except PackageNotFoundError:
        return "from source"
