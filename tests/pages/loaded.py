"""A loaded model's double: it cuts text at blanks and answers from what it was asked."""

from collections.abc import AsyncGenerator
from typing import Any

from analysis.protocol.activations import (
    ActivationsAnswer,
    ActivationsRequest,
    PromptActivations,
    TokenizeAnswer,
    TokenizeRequest,
)
from analysis.protocol.experiments import (
    ExperimentAnswer,
    ExperimentRequest,
    GeneratedToken,
    GenerationEnd,
    GenerationRequest,
    LayerMovement,
    LensRow,
    MovedUnit,
    PositionEffect,
    ResolvedEdit,
    Target,
    TokenText,
    TopToken,
)
from analysis.protocol.prompts import Prompt
from analysis.protocol.sweeps import (
    EditSweepAnswer,
    EditSweepProgress,
    EditSweepRequest,
    EditSweepRow,
)
from app.errors import PatchclampError
from app.inference.connection import AnswerText, State
from tests.inference.answers import RAN


def tokens_of(prompt: Prompt) -> tuple[TokenText, ...]:
    if prompt.tokens is not None:
        return tuple(TokenText(id=token, text=f"⟨{token}⟩") for token in prompt.tokens)
    text = " ".join(turn.content for turn in prompt.turns or ()) or prompt.text or ""
    words = text.strip().split(" ")
    return tuple(
        TokenText(id=100 + place, text=word if place == 0 else f" {word}")
        for place, word in enumerate(words)
    )


class FakeModel:
    """Stands where an InferenceClient does; `refusal` is raised instead of an answer."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.refusal: PatchclampError | None = None
        self.stuck: str | None = None
        """On what the service is."""
        self.sign = 1.0
        """Of every activation but the first."""
        self.drift = 0.0
        """Added to every KL, as another machine would."""

    async def close(self) -> None:
        pass

    async def state(self) -> State:
        if self.stuck is not None:
            return State("stuck", self.stuck)
        return State("ok" if self.refusal is None else "down")

    def _note(self, request: Any) -> None:
        self.asked.append(request)
        if self.refusal is not None:
            raise self.refusal

    async def tokenize(self, request: TokenizeRequest) -> TokenizeAnswer:
        self._note(request)
        return TokenizeAnswer(
            prompts=tuple(tokens_of(prompt) for prompt in request.prompts),
            has_chat_template=False,
            n_ctx=64,
        )

    async def activations(self, request: ActivationsRequest) -> ActivationsAnswer:
        self._note(request)
        tokens = tokens_of(request.prompts[0])
        values = tuple(9.0 if at == 0 else self.sign * at for at in range(len(tokens)))
        return ActivationsAnswer(
            prompts=(PromptActivations(tokens=tokens, values=(values,)),), ran=RAN
        )

    async def run_experiment(
        self,
        request: ExperimentRequest,
        supply: Any = None,  # noqa: ARG002
    ) -> ExperimentAnswer:
        self._note(request)
        return answer_of(request, self.drift)

    async def tell_experiment(self, request: ExperimentRequest, supply: Any = None) -> AnswerText:
        answer = await self.run_experiment(request, supply)
        return AnswerText(answer.model_dump_json().encode(), answer.ran)

    async def generate(
        self,
        request: GenerationRequest,
        supply: Any = None,  # noqa: ARG002
    ) -> AsyncGenerator[GeneratedToken | GenerationEnd, None]:
        self._note(request)
        names = ("clean", "edited", "control")[: 3 if request.control else 2]
        for step in range(request.n_tokens):
            for name in names:
                token = TokenText(id=step, text=f" {name}{step}")
                yield GeneratedToken(which=name, step=step, token=token, logprob=-1.0)
        yield GenerationEnd(reasons=dict.fromkeys(names, "length"), ran=RAN)

    async def sweep_edits(
        self,
        request: EditSweepRequest,
        supply: Any = None,  # noqa: ARG002
    ) -> AsyncGenerator[EditSweepProgress | EditSweepAnswer, None]:
        self._note(request)
        yield EditSweepProgress(done=1, total=2)
        site = (request.sites or ("mlp.0",))[0]
        rows = tuple(
            EditSweepRow(site=site, index=i, estimate=0.1 * i, effect=0.2 * i, kl=0.01, drawn=i > 2)
            for i in range(5, 0, -1)
        )
        yield EditSweepAnswer(
            tokens=tokens_of(request.prompt), measured=request.measured, clean=-1.5, rows=rows,
            r=0.987, r_drawn=None, ran=RAN,
        )  # fmt: skip


def answer_of(request: ExperimentRequest, drift: float = 0.0) -> ExperimentAnswer:
    """KL grows with the position; each control does half as much."""
    tokens = tokens_of(request.prompt)
    n, controls = len(tokens), request.controls
    top = (
        TopToken(id=7, text=" stays", before=0.5, after=0.5, controls=(0.5,) * controls,
                 logit_change=0.0),
        TopToken(id=8, text=" falls", before=0.4, after=0.1, controls=(0.4,) * controls,
                 logit_change=-1.25),
        TopToken(id=9, text=" rises", before=0.1, after=0.3, controls=(0.1,) * controls,
                 logit_change=1.0),
    )  # fmt: skip
    targets = tuple(
        Target(id=one, logit_before=1.0, logit_after=3.5, logit_controls=(1.5,) * controls,
               before=0.1, after=0.2, controls=(0.1,) * controls)
        for one in request.wanted.targets
    )  # fmt: skip
    positions = tuple(
        PositionEffect(
            position=at, kl=0.1 * at + drift, kl_controls=(0.05 * at,) * controls,
            loss_before=None if at == n - 1 else 2.0, loss_after=None if at == n - 1 else 2.5,
            loss_controls=() if at == n - 1 else (2.1,) * controls, top=top, targets=targets,
        )
        for at in range(n)
    )  # fmt: skip
    return ExperimentAnswer(
        tokens=tokens,
        edits=tuple(
            ResolvedEdit(site=edit.site, index=edit.index, positions=(0,), before=(1.0,),
                         keep=(0.0,), give=((0.0,),))
            for edit in request.edits
        ),
        control_units=tuple(
            tuple(f"{edit.site}/{seed + 40}" for edit in request.edits)
            for seed in range(request.seed, request.seed + controls)
        ),
        positions=positions, kl_mean=0.25, kl_mean_controls=(0.125,) * controls,
        loss_before=2.0, loss_after=2.5, loss_controls=(2.1,) * controls,
        moved=(MovedUnit(site="mlp.0", index=5, position=0, before=1.0, after=-1.0, sigmas=-4.5,
                         control=0.5),),
        layers=(LayerMovement(site="mlp.0", moved=0.75, control=0.25),),
        lens=(LensRow(layer=0, kl=0.5, before=((tokens[0], 0.9),), after=((tokens[0], 0.1),)),),
        ran=RAN,
    )  # fmt: skip
