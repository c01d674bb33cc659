"""The method `language_model` of an explain job: units explained and judged by an endpoint.

Units go in small groups, each stored as a whole, in the order of the chunk: what is stored is never
asked again, and what was answered for a group that was not stored is found in the cache. The budget
is that of the job, whatever the number of its attempts.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.assistants.assistant import Assistant
from analysis.assistants.budget import Budget, Prices
from analysis.assistants.endpoint import Endpoint, configured_endpoint
from analysis.assistants.patience import Patience
from analysis.assistants.pool import AskingPool
from analysis.errors import AssistantError, BudgetSpent
from analysis.explain.language_model.answers import Answers, ask_judges
from analysis.explain.language_model.choices import AssistantChoices
from analysis.explain.language_model.evidence import UnitEvidence
from analysis.explain.language_model.shuffling import Other, Shuffled
from analysis.explain.language_model.units import AssistedUnit, find_sentence, score_answers
from analysis.explain.texts import Texts
from analysis.worker.context import JobContext
from analysis.worker.explaining.assisted_rows import assisted_row
from analysis.worker.explaining.evidence import read_evidence
from analysis.worker.explaining.order import Chunk
from analysis.worker.explaining.shuffling import others_of, stored_sentence
from analysis.worker.explaining.spending import PaidCache, is_taken_up, spent_before
from app.errors import BadRequestError
from app.sealed import refuse_outgoing
from app.settings import Settings
from app.store.asking import questions_of
from app.store.engine import open_session
from app.store.requests import AssistantOptions, ExplainRequest
from app.store.tables import ExplanationTable
from app.store.writing_explanations import ExplanationRow, write_explanations

if TYPE_CHECKING:
    from analysis.worker.explaining.work import Asked, Sources

METHOD = "language_model"
GROUP = 8
"""Units that are asked about at the same time, and stored together."""
LOOK = 0.1
CACHE = "assistants.sqlite"
PATIENCE = Patience()
Result = TypeVar("Result")


class _Ended(BaseException):
    """The job does not want the answers any more."""


def check_assistant(request: ExplainRequest, settings: Settings) -> Endpoint | None:
    """Where language models are asked, if this job asks any. Call it before anything is begun.

    Raises:
        BadRequestError: it does not say which model.
        AssistantError: no endpoint is configured, or none that can be asked.
        SealedError: it is on another machine, and the server is sealed.
    """
    if METHOD not in request.methods:
        return None
    if request.assistant is None:
        raise BadRequestError(
            "The method language_model needs the name of a model.",
            hint="Give it as `assistant`, on the command line as --assistant NAME.",
        )
    refuse_outgoing(
        settings,
        "Asking a language model",
        instead="Serve one on this machine, and give its address on 127.0.0.1 as "
        "PATCHCLAMP_ASSISTANT_URL; rules and the output side need none.",
        address=settings.assistant_url or "localhost",
    )
    return configured_endpoint(
        settings.assistant_url, settings.assistant_key, settings.assistant_timeout_seconds
    )


def assisting(
    context: JobContext[ExplainRequest], endpoint: Endpoint | None, asked: "Asked"
) -> AbstractContextManager["Assisting | None"]:
    options = context.request.assistant
    if endpoint is None or options is None:
        return nullcontext()
    return Assisting(context, endpoint, options, asked)


class Assisting:
    """Use it as a context manager."""

    def __init__(
        self,
        context: JobContext[ExplainRequest],
        endpoint: Endpoint,
        options: AssistantOptions,
        asked: "Asked",
    ) -> None:
        self._context, self._asked, self._options = context, asked, options
        self._n_splits = 0
        self.choices = AssistantChoices(
            model=options.model,
            judge_model=options.judge_model or options.model,
            judges=tuple(dict.fromkeys(options.judges)),
            candidates=options.candidates,
            windows=options.windows,
            seed=asked.seed,
            prices=Prices(options.dollars_per_million_in, options.dollars_per_million_out),
            shuffled=options.shuffled,
        )
        self._stop = threading.Event()
        self._units = AskingPool(GROUP)
        self._budget = Budget(
            dollars=options.budget,
            tokens=options.token_budget,
            prices=self.choices.prices,
            spent=spent_before(context.engine, asked.run_id, METHOD),
        )
        self._cache = PaidCache(
            context.settings.data / CACHE,
            self._budget,
            counting=is_taken_up(context.engine, context.job_id),
        )
        self._assistant = Assistant(
            endpoint,
            budget=self._budget,
            cache=self._cache,
            concurrency=options.concurrency,
            patience=PATIENCE,
            check=self._check,
        )

    def __enter__(self) -> "Assisting":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._units.close()
        self._assistant.__exit__(kind, error, traceback)

    @property
    def told(self) -> dict[str, Any]:
        """For the job's result and the run: this attempt's questions, and what all attempts of the
        job have spent."""
        spent = self._budget.spent
        at_most = questions_of(self._options)
        return {
            **asdict(self._assistant.tally),
            "at_most_per_unit": at_most.of(self._n_splits),
            "at_most_for_shuffled": at_most.shuffled_of(self._n_splits),
            "spent": {"tokens": spent.tokens, "dollars": round(spent.dollars, 6)},
        }

    def explain(
        self, chunk: Chunk, texts: Texts, sources: "Sources", tell: Callable[[int], None]
    ) -> None:
        """Explains, judges and stores what of the chunk is not stored yet.

        Raises:
            BudgetSpent: the next call could exceed the budget.
            AssistantError: the endpoint does not answer any more.
        """
        self._n_splits = len(texts.tested)
        stored = self._stored(chunk)
        left = [unit for unit in chunk.units if unit not in stored]
        for start in range(0, len(left), GROUP):
            tell(len(chunk.units) - len(left) + start)
            group = left[start : start + GROUP]
            evidence = read_evidence(
                self._context.engine, self._asked, chunk.site, group, texts, sources
            )
            rows = self._explained(chunk.site, group, evidence)
            if failure := self._assistant.given_up:
                raise AssistantError(
                    f"The language model is not asked any more: {failure.detail}.",
                    hint="Mend what is wrong there, then start the job again: what was answered "
                    "is not asked again.",
                )
            self._write(chunk.site, group, rows)
            self._cache.counting = False  # what was under way when an attempt ended is behind us

    def _explained(
        self, site: str, group: Sequence[int], evidence: Sequence[UnitEvidence]
    ) -> list[ExplanationRow]:
        """The rows of the group, in its order; all of them, or none.

        Step by step for all units: a sentence is judged on its own unit before it is on another,
        which finds what the two have in common in the cache.
        """
        found = self._all(
            find_sentence, [(self._assistant, unit, self.choices) for unit in evidence]
        )
        texts = [one.text for one in found]
        ours = self._judged(evidence, texts)
        others = self._others(site, group, texts)
        theirs = self._judged(evidence, [None if one is None else one.text for one in others])
        shuffled = [
            None if other is None or answers is None else Shuffled(other, answers)
            for other, answers in zip(others, theirs, strict=True)
        ]
        scored: list[AssistedUnit] = self._all(
            score_answers,
            [
                (*each, self.choices, beside)
                for *each, beside in zip(evidence, found, ours, shuffled, strict=True)
            ],
        )
        return [
            assisted_row(unit, one, self.choices, free=not self._cache.counting)
            for unit, one in zip(group, scored, strict=True)
        ]

    def _others(
        self, site: str, group: Sequence[int], texts: Sequence[str | None]
    ) -> list[Other | None]:
        """Whose sentence each unit's own is compared with; None where none is."""
        if not self.choices.shuffled or not self.choices.judges:
            return [None] * len(group)
        engine, asked = self._context.engine, self._asked
        return others_of(
            group,
            texts,
            before=lambda: stored_sentence(
                engine, run_id=asked.run_id, site_id=asked.site_ids[site], method=METHOD
            ),
        )

    def _judged(
        self, evidence: Sequence[UnitEvidence], texts: Sequence[str | None]
    ) -> list[Answers | None]:
        """What judges say of each text on the unit at its place; None where there is no text."""
        there = [at for at, text in enumerate(texts) if text is not None]
        given = self._all(
            ask_judges, [(self._assistant, texts[at], evidence[at], self.choices) for at in there]
        )
        answers: list[Answers | None] = [None] * len(texts)
        for at, one in zip(there, given, strict=True):
            answers[at] = one
        return answers

    def _all(
        self, task: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]
    ) -> list[Result]:
        """The task for all units of a group at the same time, in their order."""
        futures = [self._units.submit(task, *each) for each in arguments]
        try:
            self._await(futures)
        except BaseException:
            self._stop.set()
            raise
        return [future.result() for future in futures]

    def _await(self, futures: Sequence[Future[Any]]) -> None:
        """Until all have ended: those that the budget does not stop still bring answers home."""
        left = set(futures)
        while left:
            done, left = wait(left, timeout=LOOK)
            for future in done:
                error = future.exception()
                if error is not None and not isinstance(error, BudgetSpent):
                    raise error
            self._context.check_cancelled()

    def _write(self, site: str, group: Sequence[int], rows: Sequence[ExplanationRow]) -> None:
        def write(session: Session) -> None:
            write_explanations(
                session.connection(),
                model_id=self._asked.model_id,
                site_id=self._asked.site_ids[site],
                run_id=self._asked.run_id,
                sweep_id=self._asked.sweep_id,
                method=METHOD,
                units=group,
                rows=rows,
            )

        self._context.write(write)

    def _stored(self, chunk: Chunk) -> set[int]:
        table = ExplanationTable
        with open_session(self._context.engine) as session:
            return set(
                session.scalars(
                    select(table.unit_index).where(
                        table.run_id == self._asked.run_id,
                        table.site_id == self._asked.site_ids[chunk.site],
                        table.unit_index.in_(chunk.units),
                        table.method == METHOD,
                        table.version == 1,
                    )
                )
            )

    def _check(self) -> None:
        """In the threads of units; the job's own thread asks whether it was cancelled."""
        if self._stop.is_set():
            raise _Ended
