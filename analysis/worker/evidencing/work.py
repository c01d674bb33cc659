"""Holds units of a site to account: says what will happen, commits that, and only then runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import select

from analysis.causal.standing_in import StandIns, stand_ins
from analysis.causal.units import Claimed, Held, Move, measure_site, measure_units, others_of
from analysis.causal.windows import MeasuredText
from analysis.models.tracing import EditableModel
from analysis.programs.length import n_listed
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.worker.context import JobContext
from analysis.worker.evidencing.claims import (
    Claim,
    SiteClaims,
    panel_of,
    read_forecasts,
    read_spreads,
)
from analysis.worker.evidencing.rows import (
    CONTROL,
    NO_PROGRAM,
    STANDING,
    control_rows,
    site_rows,
    stood_rows,
    unmeasured_rows,
)
from analysis.worker.evidencing.texts import TEST, Texts
from analysis.worker.explaining.sources import Pools
from app.store.engine import open_session
from app.store.requests import EvidenceRequest
from app.store.tables import CausalScoreTable, RunTable, SiteReplacementTable
from app.store.writing_causal import (
    CausalRow,
    write_causal_scores,
    write_predictions,
    write_site_replacements,
)

FROM_WEIGHTS: Final = "output side, from weights"
OWN_CLAIM: Final = "output side, from weights: what this explanation says"
NO_OUTPUTS: Final = "the sweep has no output sides, so no token is named beforehand"
NO_DIRECTION: Final = "a head writes in no direction of its own, so no token is named beforehand"
NEVER_VARIES: Final = "the activation does not vary, so there is nothing to move it by"
MEASURING: Final = (
    "explain_run_id", "output_run_id", "method_version", "windows", "control_windows",
    "control_units", "positions", "tokens", "k", "lookup_cut", "seed",
)  # fmt: skip
"""Parameters of a run that its scores depend on: another run with the same need not do it again."""
FEWEST_REPLACED: Final = 2
"""Units of a site that are replaced at once."""


@dataclass(frozen=True, eq=False)
class Evidencing:
    context: JobContext[EvidenceRequest]
    run_id: int
    sweep_id: int
    output_run_id: int | None
    parameters: Mapping[str, Any]
    model: EditableModel
    texts: Texts
    pools: Pools

    @cached_property
    def control_text(self) -> MeasuredText:
        return self.texts.measured.first(self.context.request.control_windows)

    def unmeasured(self, claims: Sequence[Claim]) -> list[Claim]:
        """Those of which an explanation has no scores of a run like this one."""
        ids = [number for claim in claims for number in claim.ids]
        score = CausalScoreTable
        query = (
            select(score.explanation_id, RunTable.parameters)
            .join(RunTable, RunTable.id == score.run_id)
            .where(score.explanation_id.in_(ids), score.split == TEST)
        )
        with open_session(self.context.engine) as session:
            done = {n for n, parameters in session.execute(query) if self._is_like(parameters)}
        return [claim for claim in claims if any(n not in done for n in claim.ids)]

    def measure(
        self, site: SiteClaims, claims: Sequence[Claim], tell: Callable[[float], None]
    ) -> None:
        """Stores their scores."""
        held_at = self._held_at(site)
        panel = panel_of(
            site.site, held_at, self.context.request.control_units, seed=self.context.request.seed
        )
        claimed = self._claimed(site, claims, held_at)
        predictions = self._predict(site, claims, claimed)
        at = datetime.now(UTC)
        found = measure_units(
            self.model,
            self.texts.measured,
            site.site,
            claimed,
            panel={unit: held_at[unit] for unit in panel},
            control_windows=self.context.request.control_windows,
            check=self.context.check_cancelled,
            tell=tell,
        )
        rows = [
            row
            for claim, one, held in zip(claims, claimed, found, strict=True)
            for row in self._rows(site, claim, held, panel, predictions, at)
        ]
        self.context.write(
            lambda session: write_causal_scores(session.connection(), run_id=self.run_id, rows=rows)
        )

    def measure_site(self, site: SiteClaims) -> None:
        """Stores what comes of all its programs at once, where that is not stored already."""
        standing = site.with_program()
        if len(standing) < FEWEST_REPLACED or self._site_is_done(site, len(standing)):
            return
        at = datetime.now(UTC)
        stood = measure_site(
            self.model,
            self.texts.measured,
            site.site,
            self._stand_ins(site, standing),
            check=self.context.check_cancelled,
        )
        rows = site_rows(site.site_id, stood, self.texts.measured, len(standing), at)
        self.context.write(
            lambda session: write_site_replacements(
                session.connection(), run_id=self.run_id, rows=rows
            )
        )

    def _is_like(self, parameters: Mapping[str, Any]) -> bool:
        return all(parameters.get(name) == self.parameters.get(name) for name in MEASURING)

    def _site_is_done(self, site: SiteClaims, n_replaced: int) -> bool:
        table = SiteReplacementTable
        query = (
            select(RunTable.parameters)
            .join(table, table.run_id == RunTable.id)
            .where(table.site_id == site.site_id, table.n_replaced == n_replaced)
        )
        with open_session(self.context.engine) as session:
            return any(self._is_like(parameters) for parameters in session.scalars(query))

    def _claimed(
        self, site: SiteClaims, claims: Sequence[Claim], held_at: Mapping[int, float]
    ) -> list[Claimed]:
        with_program = [claim for claim in claims if claim.program is not None]
        standing = {one.unit: one for one in self._stand_ins(site, with_program)}
        moves = self._moves(site, claims, held_at)
        return [Claimed(c.unit, standing.get(c.unit), moves.get(c.unit)) for c in claims]

    def _stand_ins(self, site: SiteClaims, claims: Sequence[Claim]) -> list[StandIns]:
        units = [claim.unit for claim in claims]
        if not units:
            return []
        fit, calibration = self.texts.seen(self.pools[site.site], units)
        means = self.texts.means(fit)
        programs = [_parsed(claim) for claim in claims]
        cut = None
        if self.context.request.lookup_cut:
            cut = self.texts.cut_to(fit, [max(1, n_listed(program)) for program in programs])
        found = []
        for at, (claim, program) in enumerate(zip(claims, programs, strict=True)):
            self.context.check_cancelled()
            foil = site.foil_of(claim.unit)
            found.append(
                stand_ins(
                    claim.unit,
                    program,
                    foil=None if foil is None else _parsed(foil),
                    mean=means[at],
                    calibration=calibration[at],
                    readings=self.texts.readings,
                    lookup_cut=None if cut is None else cut[at],
                )
            )
        return found

    def _held_at(self, site: SiteClaims) -> dict[int, float]:
        """By unit of the site, the value that it is held at; none where nothing can be foretold."""
        if self.output_run_id is None or site.of_heads:
            return {}
        with open_session(self.context.engine) as session:
            spreads = read_spreads(session, sweep_id=self.sweep_id, site_id=site.site_id)
        k = self.context.request.k
        return {unit: spread.mean + k * spread.deviation for unit, spread in spreads.items()}

    def _moves(
        self, site: SiteClaims, claims: Sequence[Claim], held_at: Mapping[int, float]
    ) -> dict[int, Move]:
        if self.output_run_id is None:
            return {}
        units = [claim.unit for claim in claims if claim.rules is not None or claim.output]
        with open_session(self.context.engine) as session:
            forecasts = read_forecasts(
                session, run_id=self.output_run_id, site_id=site.site_id, units=units
            )
        return {
            unit: Move(held_at[unit], forecasts[unit])
            for unit in units
            if unit in forecasts and unit in held_at
        }

    def _predict(
        self, site: SiteClaims, claims: Sequence[Claim], claimed: Sequence[Claimed]
    ) -> dict[int, int]:
        """The predictions' ids by explanation, once they are committed."""
        contents: dict[int, dict[str, Any]] = {}
        for claim, one in zip(claims, claimed, strict=True):
            if one.move is None:
                continue
            for number, source in ((claim.rules, FROM_WEIGHTS), (claim.output, OWN_CLAIM)):
                if number is not None:
                    contents[number] = self._content(site, claim.unit, number, one.move, source)
        at = datetime.now(UTC)
        return self.context.write(
            lambda session: write_predictions(
                session.connection(), run_id=self.run_id, contents=contents, at=at
            )
        )

    def _content(
        self, site: SiteClaims, unit: int, number: int, move: Move, source: str
    ) -> dict[str, Any]:
        names = self.model.output_texts()
        return {
            "explanation": number,
            "site": site.site,
            "unit": unit,
            "source": source,
            "k": self.context.request.k,
            "value": move.value,
            "risers": list(move.forecast.risers),
            "fallers": list(move.forecast.fallers),
            "texts": [names[token] for token in move.forecast.tokens],
        }

    def _rows(
        self,
        site: SiteClaims,
        claim: Claim,
        held: Held,
        panel: Sequence[int],
        predictions: Mapping[int, int],
        at: datetime,
    ) -> list[CausalRow]:
        text, rows = self.texts.measured, list[CausalRow]()
        if claim.failed is not None:
            rows += unmeasured_rows(claim.failed, STANDING, "failed", NO_PROGRAM, at)
        if claim.rules is not None and held.stood is not None:
            foil = site.foil_of(claim.unit)
            index = None if foil is None else foil.unit
            rows += stood_rows(claim.rules, held.stood, text, index, at)
        moved = [number for number in (claim.rules, claim.output) if number is not None]
        if held.controlled is None:
            unforeseen = NO_OUTPUTS if self.output_run_id is None else NEVER_VARIES
            why = NO_DIRECTION if site.of_heads else unforeseen
            return rows + [
                row for n in moved for row in unmeasured_rows(n, CONTROL, "undefined", why, at)
            ]
        part = self.control_text
        others = others_of(claim.unit, panel)
        for number in moved:
            rows += control_rows(number, held.controlled, part, others, predictions[number], at)
        return rows


def _parsed(claim: Claim) -> Program:
    if claim.program is None:
        raise ValueError(f"unit {claim.unit} has no program")
    return parse_program(claim.program)
