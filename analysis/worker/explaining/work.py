"""Explains chunk after chunk and stores what was found; a chunk that is stored is not done again.

Used by the job `explain`, and by a sweep for its first units while it still runs: both go on with
one run, in one order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.corpora.windows import Windows
from analysis.explain.texts import Texts, prepare_texts
from analysis.explain.units import explain_units
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from analysis.score.division import FIT
from analysis.worker.context import JobContext
from analysis.worker.explaining.assisting import METHOD as LANGUAGE_MODEL
from analysis.worker.explaining.assisting import Assisting
from analysis.worker.explaining.order import Chunk, with_foils
from analysis.worker.explaining.outputs import METHOD as OUTPUT
from analysis.worker.explaining.outputs import OutputRun, output_rows
from analysis.worker.explaining.rows import lookup_row, rules_row
from analysis.worker.explaining.sources import (
    PoolFile,
    Pools,
    pool_windows,
    read_exemplars,
    read_tops,
    read_units,
)
from app.store.engine import open_session
from app.store.tables import ExplanationTable
from app.store.writing_explanations import ExplanationRow, write_explanations

PROGRAMS = ("rules", "lookup")


@dataclass(frozen=True)
class Asked:
    """What is explained, and from what."""

    run_id: int
    sweep_id: int
    model_id: int
    site_ids: Mapping[str, int]
    methods: tuple[str, ...]
    most_rules: int
    most_listed: int
    seed: int
    picked: bool = False
    """Units that somebody chose: no sample from which a site could be judged."""


@dataclass(frozen=True, eq=False)
class Sources:
    """Where activations and texts are."""

    pools: Pools
    windows: Windows
    first_of_group: Mapping[int, int]
    vocabulary: Vocabulary
    counted_from: int


class Explaining:
    def __init__(
        self,
        context: JobContext[Any],
        asked: Asked,
        sources: Sources,
        output: OutputRun | None,
        assistant: Assisting | None = None,
    ) -> None:
        self.asked = asked
        self.tell: Callable[[int], None] = lambda _: None
        """Called with how many units of the present chunk are done, where that takes long."""
        self.output = output
        """None: not computed yet, or never."""
        self._context, self._sources = context, sources
        self._assistant = assistant
        self._texts: Texts | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """Those that can be done now."""
        there = {OUTPUT: self.output is not None, LANGUAGE_MODEL: self._assistant is not None}
        return tuple(method for method in self.asked.methods if there.get(method, True))

    def missing(self, chunk: Chunk) -> tuple[str, ...]:
        """Methods that can be done of the chunk now and are not stored of its last unit: each
        method is stored of a chunk in order, and most of a chunk as a whole."""
        table = ExplanationTable
        site_id = self.asked.site_ids[chunk.site]
        with open_session(self._context.engine) as session:
            stored = set(
                session.scalars(
                    select(table.method)
                    .distinct()
                    .where(
                        table.run_id == self.asked.run_id,
                        table.site_id == site_id,
                        table.unit_index == chunk.units[-1],
                        table.version == 1,
                    )
                )
            )
        if self.output is not None and site_id not in self.output.site_ids:
            stored.add(OUTPUT)
        return tuple(method for method in self.methods if method not in stored)

    def is_done(self, chunk: Chunk) -> bool:
        return not self.missing(chunk)

    def explain(self, chunk: Chunk) -> None:
        """Stores what is missing of the chunk."""
        missing = self.missing(chunk)
        rows: dict[str, list[ExplanationRow]] = {}
        if any(method in missing for method in PROGRAMS):
            rows |= self._programs(chunk)
        self._store(chunk, rows | self._outputs(chunk, missing))
        if self._assistant is not None:
            self._assistant.explain(chunk, self._prepared(), self._sources, self.tell)

    def add_outputs(self, chunk: Chunk) -> None:
        """Stores the output sides of the chunk, where they are missing, and nothing else."""
        self._store(chunk, self._outputs(chunk, self.missing(chunk)))

    def _outputs(self, chunk: Chunk, missing: Sequence[str]) -> dict[str, list[ExplanationRow]]:
        if self.output is None or OUTPUT not in missing:
            return {}
        site_id = self.asked.site_ids[chunk.site]
        return {OUTPUT: output_rows(self._context.engine, self.output, site_id, chunk.units)}

    def _store(self, chunk: Chunk, rows: Mapping[str, list[ExplanationRow]]) -> None:
        def write(session: Session) -> None:
            for method, found in rows.items():
                write_explanations(
                    session.connection(),
                    model_id=self.asked.model_id,
                    site_id=self.asked.site_ids[chunk.site],
                    run_id=self.asked.run_id,
                    sweep_id=self.asked.sweep_id,
                    method=method,
                    units=chunk.units,
                    rows=found,
                )

        if rows:
            self._context.write(write)

    def _programs(self, chunk: Chunk) -> dict[str, list[ExplanationRow]]:
        texts = self._prepared()
        sources, asked = self._sources, self.asked
        pools: Mapping[str, PoolFile] = sources.pools[chunk.site]
        units = with_foils(chunk, pools[FIT].shape[0], seed=asked.seed, picked=asked.picked)
        with open_session(self._context.engine) as session:
            where: dict[str, Any] = {
                "run_id": asked.sweep_id,
                "site_id": asked.site_ids[chunk.site],
                "units": units,
                "windows": sources.windows,
                "first_of_group": sources.first_of_group,
            }
            tops = read_tops(session, splits=list(texts.tested), **where)
            exemplars = read_exemplars(session, split=FIT, but=pools[FIT].numbers, **where)
        found = explain_units(
            texts,
            read_units(pools, units),
            tops,
            exemplars=exemplars,
            most_rules=asked.most_rules,
            most_listed=asked.most_listed,
        )
        n_vocab = len(sources.vocabulary)
        stand_in = texts.division.standing_in
        made: dict[str, Callable[..., ExplanationRow]] = {
            "rules": partial(rules_row, stand_in=stand_in),
            "lookup": lookup_row,
        }
        return {
            method: [
                make(unit, one, n_vocab)
                for unit, one in zip(units, found, strict=True)
                if unit in chunk.units
            ]
            for method, make in made.items()
            if method in asked.methods
        }

    def _prepared(self) -> Texts:
        if self._texts is None:
            sources = self._sources
            pools = next(iter(sources.pools.values()))
            self._texts = prepare_texts(
                pool_windows(sources.windows, pools, sources.first_of_group),
                sources.vocabulary,
                counted_from=sources.counted_from,
                seed=self.asked.seed,
            )
        return self._texts


def vocabulary_with(texts: Sequence[str], vectors: Any) -> Vocabulary:  # noqa: ANN401 - int8 array
    return Vocabulary(texts, None if vectors is None else TokenSpace(vectors))
