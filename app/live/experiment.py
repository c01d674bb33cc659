"""Experiments are run and kept: what was asked, what came of it, and the run that it is of."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from sqlalchemy import Engine

from analysis.protocol.base import Message
from analysis.protocol.edits import Edit
from analysis.protocol.experiments import (
    Asked,
    AskedToGenerate,
    Drawing,
    ExperimentRequest,
    GeneratedToken,
    GenerationEnd,
    GenerationRequest,
)
from analysis.protocol.prompts import Prompt
from analysis.protocol.sweeps import (
    AskedToSweep,
    EditSweepAnswer,
    EditSweepProgress,
    EditSweepRequest,
)
from app.dependencies import Writer
from app.errors import ConflictError
from app.inference.client import InferenceClient
from app.live.subject import Subject, find_subject
from app.store.engine import open_session
from app.store.experimenting import Conducted, create_experiment, set_continuations
from app.store.queries.experiment import get_experiment, require_room
from app.store.views.experiment import ExperimentView


@dataclass(frozen=True)
class Words:
    """What whoever asks says of an experiment besides the question."""

    actor: str
    name: str | None = None
    note: str | None = None
    parent: str | None = None
    """What it is forked from."""


def of_another_version(slug: str, *, hint: str = "Take it as JSON.") -> ConflictError:
    """What a stored request is refused with that cannot be read."""
    return ConflictError(
        f"Experiment {slug} was stored by another version, whose requests are not ours.", hint=hint
    )


@dataclass(frozen=True)
class Laboratory:
    """Where experiments are run, and where they are kept."""

    inference: InferenceClient
    engine: Engine
    writer: Writer
    data: Path
    most_experiments: int
    """So many are kept."""

    async def subject(self, model: str, edits: Sequence[Edit] = ()) -> Subject:
        """Raises NotFoundError."""
        return await run_in_threadpool(self._find, model, edits)

    async def experiment(self, model: str, asked: Asked, words: Words) -> ExperimentView:
        """Run and kept. What the same person asked before has the permalink that it had.

        Raises ConflictError where no more are kept, as all that is kept here does.
        """
        subject = await self._subject_with_room(model, asked.edits)
        request = ExperimentRequest(**_parts(asked, Asked), **subject.known)
        answer = await self.inference.tell_experiment(request, subject.supply)
        kept = Conducted("experiment", _without_model(request), answer.text, _json(answer.ran))
        return await self._keep(model, kept, words)

    async def generation(
        self, model: str, asked: AskedToGenerate, words: Words
    ) -> AsyncGenerator[GeneratedToken | ExperimentView, None]:
        """Token by token; last the generation as it is kept, once it has ended."""
        subject = await self._subject_with_room(model, asked.edits)
        request = GenerationRequest(**_parts(asked, AskedToGenerate), **subject.known)
        async with aclosing(self._generated(request, subject)) as messages:
            async for message in messages:
                if isinstance(message, GeneratedToken):
                    yield message
                else:
                    tokens, end = message
                    told = _streamed(request, tokens, end)
                    kept = _conducted("generation", request, end, told)
                    yield await self._keep(model, kept, words)

    async def continuations(
        self, slug: str, drawing: Drawing
    ) -> AsyncGenerator[GeneratedToken | ExperimentView, None]:
        """What is generated under an experiment's edits; kept with it once it has ended.

        Raises NotFoundError; ConflictError of a generation or a sweep, and of another version's.
        """
        view = await run_in_threadpool(self.read, slug)
        if view.kind != "experiment":
            raise ConflictError(
                f"{slug} is no experiment on one prompt: nothing is continued of it.",
                hint="Run an experiment, or ask for a generation by itself.",
            )
        try:
            prompt = Prompt.model_validate(view.request["prompt"])
            edits = tuple(Edit.model_validate(edit) for edit in view.request.get("edits", ()))
        except ValidationError as error:
            raise of_another_version(slug) from error
        asked = AskedToGenerate(**_parts(drawing, Drawing), prompt=prompt, edits=edits)
        subject = await self.subject(view.model, asked.edits)
        request = GenerationRequest(**_parts(asked, AskedToGenerate), **subject.known)
        async with aclosing(self._generated(request, subject)) as messages:
            async for message in messages:
                if isinstance(message, GeneratedToken):
                    yield message
                else:
                    told = _streamed(request, *message)
                    yield await self.writer.write(partial(set_continuations, slug=slug, **told))

    async def sweep(
        self, model: str, asked: AskedToSweep, words: Words
    ) -> AsyncGenerator[EditSweepProgress | ExperimentView, None]:
        """How far it is; last the sweep as it is kept."""
        subject = await self._subject_with_room(model)
        request = EditSweepRequest(**_parts(asked, AskedToSweep), **subject.known)
        async with aclosing(self.inference.sweep_edits(request, subject.supply)) as messages:
            async for message in messages:
                if isinstance(message, EditSweepAnswer):
                    kept = _conducted("edit_sweep", request, message)
                    yield await self._keep(model, kept, words)
                else:
                    yield message

    def read(self, slug: str) -> ExperimentView:
        """In a thread. Raises NotFoundError."""
        with open_session(self.engine) as session:
            return get_experiment(session, slug=slug)

    async def _subject_with_room(self, model: str, edits: Sequence[Edit] = ()) -> Subject:
        """Nothing is computed that could not be kept. Raises NotFoundError, ConflictError."""
        return await run_in_threadpool(self._find, model, edits, to_keep=True)

    def _find(self, model: str, edits: Sequence[Edit] = (), *, to_keep: bool = False) -> Subject:
        with open_session(self.engine) as session:
            if to_keep:
                require_room(session, most=self.most_experiments)
            return find_subject(session, self.data, model, edits=edits)

    async def _generated(
        self, request: GenerationRequest, subject: Subject
    ) -> AsyncGenerator[GeneratedToken | tuple[list[GeneratedToken], GenerationEnd], None]:
        """Every token as it comes, then all of them with the end."""
        tokens: list[GeneratedToken] = []
        async with aclosing(self.inference.generate(request, subject.supply)) as messages:
            async for message in messages:
                if isinstance(message, GeneratedToken):
                    tokens.append(message)
                    yield message
                else:
                    yield tokens, message

    async def _keep(self, model: str, conducted: Conducted, words: Words) -> ExperimentView:
        return await self.writer.write(
            partial(
                create_experiment,
                model=model,
                conducted=conducted,
                actor=words.actor,
                parent=words.parent,
                name=words.name,
                note=words.note,
            )
        )


def _parts(asked: Message, kind: type[Message]) -> dict[str, Any]:
    """The entries of `kind`, whatever else a body carries."""
    return {name: getattr(asked, name) for name in kind.model_fields}


def _conducted(
    kind: str,
    request: Message,
    answer: GenerationEnd | EditSweepAnswer,
    told: dict[str, Any] | None = None,
) -> Conducted:
    text = answer.model_dump_json().encode()
    return Conducted(kind, _without_model(request), text, _json(answer.ran), told)


def _json(message: Message) -> dict[str, Any]:
    return message.model_dump(mode="json")


def _without_model(request: Message) -> dict[str, Any]:
    return request.model_dump(mode="json", exclude={"model"})


def _streamed(
    request: GenerationRequest, tokens: list[GeneratedToken], end: GenerationEnd
) -> dict[str, Any]:
    return {
        "request": _without_model(request),
        "tokens": [token.model_dump(mode="json") for token in tokens],
        "end": end.model_dump(mode="json"),
    }
