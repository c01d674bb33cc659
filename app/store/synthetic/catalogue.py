"""What is there before any number: a made-up corpus, models, sites, windows, runs and jobs."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from app.store.packing import pack, pack_vocabulary
from app.store.requests import SweepRequest
from app.store.synthetic import units
from app.store.synthetic.jobs import make_jobs
from app.store.synthetic.text import SPLITS, Text
from app.store.tables import (
    CorpusTable,
    DocumentTable,
    ModelTable,
    RunTable,
    SiteTable,
    VocabularyTable,
    WindowSetTable,
    WindowTable,
)

MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Runs:
    sweep: int
    output: int
    relate: int
    explain: int


def add_corpus(session: Session, text: Text) -> CorpusTable:
    corpus = CorpusTable(
        name="starter", title="A made-up corpus", source="synthetic", source_kind="starter",
        folder="corpora/starter", documents_sha256=sha("corpus"), n_documents=len(text.documents),
        n_characters=4000 * len(text.documents),
        reading={"held_out": ["code"], "seed": 0, "n_duplicates": 1, "n_empty": 0},
        created_at=MOMENT - timedelta(days=1),
    )  # fmt: skip
    session.add(corpus)
    session.flush()
    session.add_all(
        DocumentTable(
            corpus_id=corpus.id, number=d.number, title=d.title, domain=d.domain, origin=d.origin,
            split=d.split, sha256=sha(d.title), n_characters=4000,
        )
        for d in text.documents
    )  # fmt: skip
    return corpus


def add_model(
    session: Session,
    n: int,
    corpus: CorpusTable,
    text: Text,
    *,
    layers: int,
    neurons: int,
    heads: int,
) -> tuple[ModelTable, list[SiteTable], Runs]:
    name = "synthetic" if n == 0 else f"synthetic-{n + 1}"
    relu = n % 2 == 1
    activation = "torch.nn.functional.relu" if relu else "torch.nn.functional.silu"
    model = ModelTable(
        name=name, title=f"Made-up model {n + 1} <&>", source="synthetic", source_kind="plain",
        folder=f"models/{name}", architecture="plain", n_layers=layers,
        facts={
            "d_model": 64, "d_mlp": neurons, "n_heads": heads, "d_head": 16, "n_ctx": 128,
            "n_vocab": len(text.vocabulary), "gated": not relu, "activation_function": activation,
            "norm": "rms", "causal": True, "bos_token_id": 0,
        },
        n_parameters=layers * (neurons * 192 + 4 * 64 * 64), weights_sha256=sha(f"{name} weights"),
        tokenizer_sha256=sha("".join(text.vocabulary)), created_at=MOMENT,
    )  # fmt: skip
    session.add(model)
    session.flush()
    session.add(
        VocabularyTable(
            model_id=model.id,
            n_tokens=len(text.vocabulary),
            bos_token_id=0,
            tokens=pack_vocabulary(text.vocabulary),
        )
    )
    sizes = {"mlp": neurons, "attn": heads}
    sites = [
        SiteTable(model_id=model.id, name=f"{kind}.{layer}", kind=kind, layer=layer, n_units=size)
        for layer in range(layers)
        for kind, size in sizes.items()
        if size
    ]
    session.add_all(sites)
    runs = _add_runs(session, model, corpus, text)
    model.current_run_id = runs.sweep
    session.flush()
    return model, sites, runs


def _add_runs(session: Session, model: ModelTable, corpus: CorpusTable, text: Text) -> Runs:
    counts = {split: text.splits.count(split) for split in SPLITS if split in text.splits}
    length = text.tokens.shape[1]
    window_set = WindowSetTable(
        model_id=model.id, corpus_id=corpus.id, window_length=length, counts=counts,
        parameters={"window_length": length, "seed": 0}, sha256=sha(f"{model.name} windows"),
    )  # fmt: skip
    session.add(window_set)
    session.flush()
    session.add_all(
        WindowTable(
            window_set_id=window_set.id, number=n, document=int(text.document_of[n]),
            split=text.splits[n], start=int(text.starts[n]),
            tokens=pack(text.tokens[n, : text.lengths[n]], np.uint32),
        )
        for n in range(len(text.splits))
    )  # fmt: skip
    request = SweepRequest(
        model=model.name, corpus=corpus.name, window_length=length, dtype="float32"
    )
    jobs, events = make_jobs(model.name, request.model_dump(mode="json"), MOMENT)
    session.add_all(jobs.values())
    session.flush()
    session.add_all(events)
    parameters = {**request.model_dump(mode="json"), "histogram": units.HISTOGRAM}

    n_vocab = len(text.vocabulary)
    beside = {
        "scale": {"n_windows": 16, "n_tokens": 2032, "final": 0.1, "final_low": 0.08,
                  "final_high": 0.13, "mlp": None},
        "chance": {"n_tokens": n_vocab, "n_drawn": 512, "median": 4.1, "high": 4.6,
                   "independent": 4.2},
    }  # fmt: skip

    chance = {"n_others": 4096, "n_drawn": 256, "median": 0.08, "high": 0.15}
    related = {
        "output": {"neurons": 4097, "chance": chance},
        "activity": {"units": 4097, "tokens": 1016, "tokens_in_pool": 1016, "test_tokens": 1016,
                     "chance": chance, "recall": 0.99, "recall_units": 256},
    }  # fmt: skip

    def run(kind: str, status: str, of_run_id: int | None, minutes: int) -> RunTable:
        row = RunTable(
            kind=kind, method=kind, method_version="1", status=status, model_id=model.id,
            corpus_id=corpus.id, window_set_id=window_set.id, of_run_id=of_run_id,
            job_id=jobs["failed" if status == "failed" else "succeeded"].id,
            parameters=parameters if kind == "sweep" else {"n_tokens": 10, **beside}, seed=0,
            dtype="float32", device="cpu", code_version="0.1.0",
            machine={"system": "Linux", "processor": "made up", "cores": 2, "torch": "none"},
            measured=related if kind == "relate" else {
                "windows": len(text.splits), "tokens": int(text.lengths.sum()),
                "seconds_forward": 12.5, "seconds_writing": 0.4,
            },
            command=f"patchclamp {kind} {model.name} starter",
            started_at=MOMENT + timedelta(minutes=minutes),
            finished_at=MOMENT + timedelta(minutes=minutes, seconds=42),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row

    run("sweep", "failed", None, -30)
    sweep = run("sweep", "finished", None, 0)
    jobs["succeeded"].result = {"run_id": sweep.id}
    return Runs(
        sweep.id,
        run("output", "finished", sweep.id, 1).id,
        run("relate", "finished", sweep.id, 2).id,
        run("explain", "finished", sweep.id, 3).id,
    )


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
