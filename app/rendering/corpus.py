"""How a corpus was read and divided, in words; and where its documents are from, as links."""

import re
from typing import Any, Final

from markupsafe import Markup, escape

from app.rendering.facts import Fact
from app.rendering.glossary import term
from app.rendering.numbers import count, digest, moment, percent_text
from app.rendering.words import fact_name, plain, plural, source
from app.store.views.corpus import CorpusView

ADDRESS: Final = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
LEFT_OUT: Final = {
    "n_duplicates": ("duplicate", "duplicates"),
    "n_near_duplicates": ("near-duplicate", "near-duplicates"),
    "n_empty": ("empty text", "empty texts"),
    "n_links_left_out": ("link out of the folder", "links out of the folder"),
}
TOLD: Final = frozenset(
    {"n_read", "n_kept", "n_characters", "n_replaced_bytes", "limits", "seed", "shares",
     "held_out", *LEFT_OUT}
)  # fmt: skip


def read_facts(corpus: CorpusView) -> list[Fact]:
    """Each number once, also where the row and the report of its reading both have it."""
    reading = corpus.reading
    told = [
        Fact("source", _source(corpus)),
        Fact("documents", count(corpus.n_documents)),
        Fact("characters", count(corpus.n_characters)),
        *_splits(corpus),
    ]
    if reading.get("shares"):
        told.append(Fact("divided by chance", _shares(reading["shares"])))
    if "held_out" in reading:
        held_out = ", ".join(reading["held_out"]) or "none"
        told.append(Fact(term("held-out domain", "held-out domains"), held_out))
    if any(key in reading for key in LEFT_OUT):
        told.append(Fact("left out", _left_out(reading)))
    if reading.get("n_replaced_bytes"):
        told.append(Fact("bytes that were no UTF-8", count(reading["n_replaced_bytes"])))
    limits = {key: n for key, n in (reading.get("limits") or {}).items() if n is not None}
    if limits:
        told.append(Fact("read at most", plain(limits)))
    return told


def read_provenance(corpus: CorpusView) -> list[Fact]:
    """The content's hash, the seed of the division, and what has no words here yet."""
    told = [
        Fact("SHA-256 of the documents", digest(corpus.documents_sha256)),
        Fact("added", moment(corpus.created_at)),
    ]
    if "seed" in corpus.reading:
        told.append(Fact("seed of the division", str(corpus.reading["seed"])))
    others = [(key, value) for key, value in corpus.reading.items() if key not in TOLD]
    return told + [Fact(fact_name(key), plain(value)) for key, value in others]


def origin(text: str) -> Markup:
    """Where a text is from, with the addresses in it as links."""
    parts, at = [], 0
    for found in ADDRESS.finditer(text):
        parts.append(escape(text[at : found.start()]))
        parts.append(Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(found[0]))
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def _source(corpus: CorpusView) -> str:
    if corpus.source_kind == "starter":
        return "comes with Patchclamp"
    return source(corpus.source, corpus.source_kind)


def _splits(corpus: CorpusView) -> list[Fact]:
    words = Markup("{} {}, {} characters")
    return [
        Fact(
            split,
            words.format(count(n), plural(n, "document"), count(corpus.characters[split])),
        )
        for split, n in corpus.splits.items()
    ]


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{percent_text(share)} {split}" for split, share in shares.items())


def _left_out(reading: dict[str, Any]) -> str:
    told = [
        f"{reading[key]:,} {words[reading[key] != 1]}"
        for key, words in LEFT_OUT.items()
        if reading.get(key)
    ]
    return ", ".join(told) or "nothing"
