"""A plausible store without torch: for developing pages, for tests, for the pages benchmark.

Small stores are consistent: statistics, histograms, exemplars and pools all come from the same
made-up activations. Very large ones (`full_exemplars`) have them for some randomly chosen units
only; the others get drawn statistics and one small exemplar row. Equal arguments make equal rows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from app.store.engine import begin, open_session
from app.store.packing import pack
from app.store.synthetic import many, units
from app.store.synthetic.catalogue import Runs, add_corpus, add_model
from app.store.synthetic.explanations import add_token_space, explain_site
from app.store.synthetic.text import Text, make_text
from app.store.tables import ArtifactTable, ModelTable, SiteTable
from app.store.writing import (
    OutputSideRow,
    RelatedRow,
    write_output_sides,
    write_related,
    write_site,
)

CHUNK = 128
N_TOKENS, N_RELATED = 10, 6


@dataclass(frozen=True)
class SyntheticModel:
    name: str
    run_id: int
    full: list[tuple[str, int]]
    """(site, index) of the units that have everything."""


def fill_synthetic(
    engine: Engine,
    *,
    data: Path,
    models: int = 1,
    layers: int = 4,
    neurons: int = 64,
    heads: int = 4,
    windows: int = 96,
    window_length: int = 128,
    exemplars_per_kind: int = 8,
    vocabulary_size: int = 0,
    seed: int = 0,
    full_exemplars: int | None = None,
) -> list[SyntheticModel]:
    """What was made, model by model: `synthetic` (gated), `synthetic-2` (ReLU), and so on in turn.

    Needs an empty store that is migrated. In MLP sites of eight neurons or more, units 1, 2 and 3
    are constant, flagged (some NaN) and without any finite activation. Pools are written where
    every unit is full, which is without `full_exemplars`.
    """
    generator = np.random.default_rng(seed)
    text = make_text(
        generator, windows=windows, window_length=window_length, vocabulary_size=vocabulary_size
    )
    with open_session(engine, commit=True) as session:
        corpus = add_corpus(session, text)
        added = [
            add_model(session, n, corpus, text, layers=layers, neurons=neurons, heads=heads)
            for n in range(models)
        ]
    made = []
    for model, sites, runs in added:
        full = _choose_full(generator, sites, full_exemplars)
        for site in sites:
            _fill_site(
                engine, generator, text, model, site, sites, runs, full[site.name],
                per_kind=exemplars_per_kind,
                data=data if full_exemplars is None else None,
            )  # fmt: skip
        apart = np.random.default_rng((seed, model.id))
        add_token_space(engine, apart, model.id, len(text.vocabulary))
        for site in sites:
            explain_site(
                engine, apart, text, model, site, full[site.name],
                sweep_id=runs.sweep, run_id=runs.explain,
                scripted=site.kind == "mlp" and site.n_units >= 8 and full_exemplars is None,
            )  # fmt: skip
        pairs = [(site.name, unit) for site in sites for unit in full[site.name]]
        made.append(SyntheticModel(model.name, runs.sweep, pairs))
    return made


def _choose_full(
    generator: np.random.Generator, sites: Sequence[SiteTable], n_full: int | None
) -> dict[str, list[int]]:
    """Per site the units that get everything: all, or so many chosen at random over all sites."""
    if n_full is None:
        return {site.name: list(range(site.n_units)) for site in sites}
    starts = np.cumsum([0, *(site.n_units for site in sites)])
    chosen = np.sort(generator.choice(starts[-1], min(n_full, int(starts[-1])), replace=False))
    return {
        site.name: (chosen[(chosen >= start) & (chosen < start + site.n_units)] - start).tolist()
        for site, start in zip(sites, starts, strict=False)
    }


def _fill_site(
    engine: Engine,
    generator: np.random.Generator,
    text: Text,
    model: ModelTable,
    site: SiteTable,
    sites: Sequence[SiteTable],
    runs: Runs,
    full: list[int],
    *,
    per_kind: int,
    data: Path | None,
) -> None:
    relu = not model.facts["gated"] and site.kind == "mlp"
    rows = units.UnitRows()
    pools = []
    for start in range(0, len(full), CHUNK):
        chunk = full[start : start + CHUNK]
        values = units.make_activations(generator, text, chunk, kind=site.kind, relu=relu)
        some = units.describe(generator, text, chunk, values, kind=site.kind, per_kind=per_kind)
        rows.statistics.extend(some.statistics)
        rows.histograms.extend(some.histograms)
        rows.exemplars.extend(some.exemplars)
        rows.patterns.extend(some.patterns)
        pools.append(values)
    others = sorted(set(range(site.n_units)) - set(full))
    statistics: list[tuple[object, ...]] = list(rows.statistics)
    histograms: list[tuple[object, ...]] = list(rows.histograms)
    exemplars: list[tuple[object, ...]] = list(rows.exemplars)
    if others:
        for split in dict.fromkeys(text.splits):
            statistics += many.draw_statistics(generator, text, split, others)
            histograms += many.draw_histograms(generator, text, split, others)
        exemplars += many.draw_small_exemplars(generator, text, others)
        statistics.sort(key=lambda row: row[:2])
        histograms.sort(key=lambda row: row[:2])
        exemplars.sort(key=lambda row: row[:3])
    summaries = [
        summary
        for split in dict.fromkeys(text.splits)
        for summary in many.summarise(
            split, [row for row in statistics if row[0] == split], relu=relu
        )
    ]
    with begin(engine) as connection:
        write_site(
            connection, run_id=runs.sweep, site_id=site.id, statistics=statistics,
            histograms=histograms, exemplars=exemplars, patterns=rows.patterns,
            summaries=summaries,
        )  # fmt: skip
        if site.kind == "mlp":
            outputs = [_output_side(generator, unit, len(text.vocabulary)) for unit in full]
            write_output_sides(connection, run_id=runs.output, site_id=site.id, rows=outputs)
            write_related(
                connection, run_id=runs.relate, site_id=site.id,
                rows=_relatives(generator, full, [s for s in sites if s.kind == "mlp"]),
            )  # fmt: skip
    if data is not None:
        _write_pools(engine, data, text, site, runs.sweep, np.concatenate(pools))


def _output_side(generator: np.random.Generator, unit: int, n_vocab: int) -> OutputSideRow:
    logits = generator.normal(0, 1, n_vocab)
    z_scores = logits * generator.uniform(0.8, 1.2, n_vocab)
    tokens = np.concatenate([
        np.concatenate([order[:N_TOKENS], order[: -N_TOKENS - 1 : -1]])
        for order in (np.argsort(-logits), np.argsort(-z_scores))
    ])  # fmt: skip
    return OutputSideRow(
        unit, float(generator.uniform(0.5, 2)), pack(tokens, np.uint32),
        pack(0.1 * logits[tokens], np.float32), pack(z_scores[tokens], np.float32),
    )  # fmt: skip


def _relatives(
    generator: np.random.Generator, full: list[int], sites: Sequence[SiteTable]
) -> list[RelatedRow]:
    rows = []
    for unit in full:
        for method in ("activity", "output"):
            chosen = [sites[int(n)] for n in generator.integers(0, len(sites), N_RELATED)]
            values = generator.uniform(-1, 1, N_RELATED)
            values = values[np.argsort(-np.abs(values))]
            indices = [int(generator.integers(0, site.n_units)) for site in chosen]
            rows.append(
                RelatedRow(
                    unit, method, pack(np.array([site.id for site in chosen]), np.uint32),
                    pack(np.array(indices), np.uint32), pack(values, np.float32),
                    pack(0.9 * values, np.float32) if method == "activity" else None,
                )
            )  # fmt: skip
    return rows


def _write_pools(
    engine: Engine,
    data: Path,
    text: Text,
    site: SiteTable,
    run_id: int,
    values: NDArray[np.float16],
) -> None:
    artifacts = []
    for split in ("fit", "test", "ood:code"):
        windows = text.windows_of(split)[:8]
        if not len(windows):
            continue
        content = pack(values[:, windows], np.float16)
        path = Path("artifacts", f"run-{run_id}", f"pool-{site.name}-{split.replace(':', '-')}.f16")
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        (data / path).write_bytes(content)
        artifacts.append(
            ArtifactTable(
                run_id=run_id, kind="pool", site_id=site.id, split=split, path=path.as_posix(),
                shape=[len(values), len(windows), values.shape[2]], dtype="float16",
                n_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(),
                window_numbers=windows.tolist(),
            )
        )  # fmt: skip
    with open_session(engine, commit=True) as session:
        session.add_all(artifacts)
