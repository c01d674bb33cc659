"""Attribution graphs as circuit-tracer makes them and Neuronpedia shows them: one JSON object.

    {"metadata": {"slug", "scan", "prompt", "prompt_tokens", …}, "qParams": {"pinnedIds", …},
     "nodes": [{"node_id", …}], "links": [{"source", "target", "weight"}]}

A graph from outside may be of a million links, of which the strongest are kept; links to nodes that
are not there are left out; nodes of one id get ids of their own. Each of these is told in the
circuit's warnings. What has no place in a circuit stays in `extra`, and is written again. Ours is
written with the numbers that the format has no place for beside the others (`nodes`), so that what
is read again is the same graph. docs/circuits.md tells it to users.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from analysis.protocol.circuits import Circuit, Graph
from app.exchange.circuits.document import LONGEST_ENTRY, Document
from app.exchange.circuits.links import take_links
from app.exchange.circuits.node_list import take_nodes
from app.exchange.circuits.nodes import Frame, node_entry
from app.exchange.circuits.view import take_view
from app.exchange.details import check_details
from app.exchange.faults import MEND_LINE, FileFaultError, expected
from app.exchange.fields import Fields
from app.exchange.input import InputFile
from app.exchange.jsonl import dumped
from app.store.writing_explanations import storable

MEND_FILE: Final = "Nothing of it is kept. Mend the file, or make it again, and import that."
LONG: Final = ("nodes", "links")
PARTS: Final = ("metadata", "qParams", *LONG)
LONGEST_PROMPT: Final = 1_000_000
MOST_OF_PROMPT: Final = 2_000_000
"""Bytes of the prompt and its tokens together, and of each token one more: lists of graphs have
both."""
LONGEST_TOKEN: Final = 10_000
MOST_TOKENS: Final = 100_000
LONGEST_EXTRA: Final = 1_000_000
"""Bytes, as JSON, of all that stays as it is."""
PLACED: Final = {
    "metadata": ("slug", "scan", "prompt", "prompt_tokens"),
    "qParams": ("pinnedIds", "supernodes"),
}
"""Entries that have a place in a circuit, or beside it."""
RESTING: Final = {"linkType": "both", "clickedId": "", "sg_pos": ""}
"""How their page begins."""


class GraphFile:
    """A file of this format. FileFaultError: it is none."""

    def __init__(self, file: InputFile) -> None:
        with _mending():
            self._document = Document(file, long=LONG)
            where = self._document.where
            self._metadata = Fields(where.at("metadata"), self._document.value("metadata"))
            self.where = self._metadata.where
            self.scan = self._metadata.text("scan")
            """What it calls the model."""
            self.slug = self._metadata.text("slug", empty=True)

    def circuit(self, *, model: str, n_layers: int) -> Circuit:
        """Of a model with so many layers. FileFaultError: what is wrong, at which node or link."""
        with _mending():
            return _circuit(self._document, self._metadata, model, n_layers)


def write_graph(
    circuit: Circuit, *, model: str, slug: str, version: str, made: datetime
) -> Iterator[bytes]:
    """The file, node by node. Its `scan` is the model's name here."""
    graph = circuit.graph
    frame = Frame(model, graph.n_layers, len(graph.tokens))
    theirs = {name: circuit.extra.get(name, {}) for name in ("metadata", "qParams")}
    metadata = {
        "info": {
            "generator": {"name": "Patchclamp", "version": version},
            "create_time_ms": int(made.timestamp() * 1000),
        },
        "schema_version": 1,
        "transcoder_list": [],
        **_said(circuit),
        **theirs["metadata"],
        "slug": slug,
        "scan": model,
        "prompt": graph.prompt,
        "prompt_tokens": list(graph.tokens),
    }
    view = {
        **RESTING,
        **theirs["qParams"],
        "pinnedIds": list(circuit.pinned),
        "supernodes": [[group.label, *group.nodes] for group in circuit.groups],
    }
    yield b'{"metadata": %b,\n"qParams": %b' % (dumped(metadata), dumped(view))
    for name, value in circuit.extra.items():
        if name not in PARTS:
            yield b",\n%b: %b" % (dumped(name), dumped(value))
    yield from _listed("nodes", (node_entry(node, frame) for node in graph.nodes))
    links = (link.model_dump(exclude={"ways", "exact"}) for link in graph.links)
    yield from _listed("links", links)
    yield b"}\n"


@contextmanager
def _mending() -> Iterator[None]:
    """Of such a file all is kept, or nothing."""
    try:
        yield
    except FileFaultError as fault:
        if fault.hint == MEND_LINE:
            fault.hint = MEND_FILE
        raise


def _circuit(document: Document, metadata: Fields, model: str, n_layers: int) -> Circuit:
    view = Fields(document.where.at("qParams"), document.value("qParams"))
    prompt = storable(metadata.text("prompt", longest=LONGEST_PROMPT, empty=True))
    tokens = _tokens(metadata)
    if len(prompt.encode()) + sum(len(token.encode()) + 1 for token in tokens) > MOST_OF_PROMPT:
        raise FileFaultError(
            metadata.where, f"more than {MOST_OF_PROMPT:,} bytes of prompt and tokens"
        )
    nodes, names, warnings = take_nodes(document, Frame(model, n_layers, len(tokens)))
    links, counts = take_links(document, nodes, names)
    graph = Graph(
        prompt=prompt, tokens=tokens, n_layers=n_layers, nodes=tuple(nodes), links=tuple(links)
    )
    warnings += counts.told()
    pinned, groups = take_view(view, nodes, names, warnings)
    return Circuit(
        graph=graph,
        pinned=pinned,
        groups=groups,
        warnings=tuple(warnings),
        extra=_extra(document, metadata, view),
    )


def _tokens(metadata: Fields) -> tuple[str, ...]:
    found = metadata.raw("prompt_tokens")
    where = metadata.where.at("prompt_tokens")
    if not isinstance(found, list) or not found:
        raise expected(where, "a list of the prompt's tokens", found or None)
    if len(found) > MOST_TOKENS:
        raise FileFaultError(where, f"{len(found):,} tokens; at most {MOST_TOKENS:,} are taken")
    for number, token in enumerate(found):
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
            raise expected(where.at(f"[{number}]"), "the text of a token", token)
    return tuple(storable(token) for token in found)


def _extra(document: Document, metadata: Fields, view: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, fields in (("metadata", metadata), ("qParams", view)):
        rest = {name: fields.raw(name) for name in fields if name not in PLACED[part]}
        if rest:
            found[part] = rest
    others = [name for name in document if name not in PARTS]
    too_large = FileFaultError(
        document.where, f"more than {LONGEST_EXTRA:,} bytes besides nodes and links"
    )
    if sum(map(document.n_bytes, others)) > LONGEST_ENTRY:  # with spaces and escapes
        raise too_large
    found |= {name: document.value(name) for name in others}
    check_details(document.where, found, most=LONGEST_EXTRA // 2)
    if len(dumped(found)) > LONGEST_EXTRA:
        raise too_large
    return found


def _said(circuit: Circuit) -> dict[str, Any]:
    """How it was found, for whoever reads the file: it is not believed when it is read again."""
    if circuit.method is None:
        return {}
    told = circuit.model_dump(
        mode="json",
        include={
            "method", "ablation", "n_pairs", "n_units", "agreement", "link_agreement", "warnings",
        },
    )  # fmt: skip
    return {"patchclamp": told}


def _listed(name: str, items: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    yield b',\n"%b": [' % name.encode()
    joint = b"\n"
    for item in items:
        yield joint + dumped(item)
        joint = b",\n"
    yield b"\n]"
