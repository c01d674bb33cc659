"""Explains chunk after chunk and stores what was found; a chunk that is stored is not done again.

Used by the job `explain`, and by a sweep for its first units while it still runs: both go on with
one run, in one order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.corpora.windows import Windows
from analysis.explain.output_words import Moved, in_words
from analysis.explain.texts import Texts, prepare_texts
from analysis.explain.units import explain_units
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from analysis.score.division import FIT
from analysis.worker.context import JobContext
from analysis.worker.explaining.assisting import METHOD as LANGUAGE_MODEL
from analysis.worker.explaining.assisting import Assisting
from analysis.worker.explaining.order import Chunk, with_foils
from analysis.worker.explaining.rows import lookup_row, output_row, rules_row
from analysis.worker.explaining.sources import (
    PoolFile,
    Pools,
    pool_windows,
    read_exemplars,
    read_tops,
    read_units,
)
from app.store.engine import open_session
from app.store.packing import unpack
from app.store.tables import ExplanationTable, OutputSideTable, RunTable
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


@dataclass(frozen=True)
class OutputRun:
    """The output sides of the sweep, where they are computed already."""

    run_id: int
    chance: float | None
    gated: bool
    texts: Sequence[str]


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
        self._context, self._sources, self._output = context, sources, output
        self._assistant = assistant
        self._texts: Texts | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """Those that can be done now."""
        there = {"output": self._output is not None, LANGUAGE_MODEL: self._assistant is not None}
        return tuple(method for method in self.asked.methods if there.get(method, True))

    def is_done(self, chunk: Chunk) -> bool:
        """Whether the last unit of the chunk is stored: a chunk is stored as a whole."""
        table = ExplanationTable
        with open_session(self._context.engine) as session:
            stored = session.scalar(
                select(func.count(table.method.distinct())).where(
                    table.run_id == self.asked.run_id,
                    table.site_id == self.asked.site_ids[chunk.site],
                    table.unit_index == chunk.units[-1],
                    table.version == 1,
                )
            )
        return bool(stored is not None and stored >= len(self.methods))

    def explain(self, chunk: Chunk) -> None:
        rows: dict[str, list[ExplanationRow]] = {}
        if any(method in self.methods for method in PROGRAMS):
            rows |= self._programs(chunk)
        site_id = self.asked.site_ids[chunk.site]
        if self._output is not None and "output" in self.methods:
            rows["output"] = self._outputs(site_id, chunk.units, self._output)

        def write(session: Session) -> None:
            for method, found in rows.items():
                write_explanations(
                    session.connection(),
                    model_id=self.asked.model_id,
                    site_id=site_id,
                    run_id=self.asked.run_id,
                    sweep_id=self.asked.sweep_id,
                    method=method,
                    units=chunk.units,
                    rows=found,
                )

        self._context.write(write)
        if self._assistant is not None:
            self._assistant.explain(chunk, self._prepared(), self._sources, self.tell)

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

    def _outputs(
        self, site_id: int, units: Sequence[int], output: OutputRun
    ) -> list[ExplanationRow]:
        table = OutputSideTable
        with open_session(self._context.engine) as session:
            stored = session.execute(
                select(table.unit_index, table.tokens, table.z_scores).where(
                    table.run_id == output.run_id,
                    table.site_id == site_id,
                    table.unit_index.in_(list(units)),
                )
            ).all()
        rows = []
        for unit, tokens, z_scores in stored:
            ids, z = unpack(tokens, "u4").tolist(), unpack(z_scores, "f4").tolist()
            n = len(ids) // 4  # by logit twice, then by z-score twice
            moved = [Moved(output.texts[token], value) for token, value in zip(ids, z, strict=True)]
            promoted, suppressed = moved[2 * n : 3 * n], moved[3 * n :]
            text = in_words(promoted, suppressed, chance=output.chance, gated=output.gated)
            rows.append(output_row(unit, text))
        return rows


def output_run_of(
    session: Session, sweep_id: int, *, gated: bool, texts: Sequence[str]
) -> OutputRun | None:
    """The newest finished output side of the sweep."""
    run = session.scalars(
        select(RunTable)
        .where(
            RunTable.of_run_id == sweep_id, RunTable.kind == "output", RunTable.status == "finished"
        )
        .order_by(RunTable.id.desc())
        .limit(1)
    ).one_or_none()
    if run is None or "not_computed" in run.parameters:
        return None
    chance = run.parameters.get("chance")
    return OutputRun(run.id, None if chance is None else chance["high"], gated, texts)


def vocabulary_with(texts: Sequence[str], vectors: Any) -> Vocabulary:  # noqa: ANN401 - int8 array
    return Vocabulary(texts, None if vectors is None else TokenSpace(vectors))
