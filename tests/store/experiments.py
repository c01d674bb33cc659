"""Experiments as the inference service answers them, for tests that keep them."""

from analysis.protocol.edits import Edit, Positions
from analysis.protocol.experiments import (
    ExperimentAnswer,
    ExperimentRequest,
    GeneratedToken,
    GenerationEnd,
    GenerationRequest,
    PositionEffect,
    Ran,
    ResolvedEdit,
    TokenText,
)
from analysis.protocol.model import ModelSpec
from analysis.protocol.prompts import Prompt
from app.store.experimenting import Conducted

SPEC = ModelSpec(
    name="toy", source="toy", kind="plain", weights_sha256="0" * 64, tokenizer_sha256="0" * 64
)
RAN = Ran(
    dtype="float32", device="cpu", code_version="0.1.0", torch_version="2.13.0", queue_ms=1.5,
    model_ms=20.0, clean_reused=True,
)  # fmt: skip
ABLATE = Edit(site="mlp.0", index=3, operation="zero")
HALVE = Edit(
    site="attn.0", index=1, operation="scale", value=0.5, positions=Positions(kind="last", last=1)
)


def conducted(text: str = "The cat sat", edits: tuple[Edit, ...] = (ABLATE,)) -> Conducted:
    request = ExperimentRequest(model=SPEC, prompt=Prompt(text=text), edits=edits, seed=7)
    return Conducted(
        "experiment",
        request.model_dump(mode="json", exclude={"model"}),
        answer().model_dump_json().encode(),
        RAN.model_dump(mode="json"),
    )


def answer() -> ExperimentAnswer:
    return ExperimentAnswer(
        tokens=(TokenText(id=1, text="The"),),
        edits=(
            ResolvedEdit(
                site="mlp.0", index=3, positions=(0,), before=(1.25,), keep=(0.0,), give=((0.0,),)
            ),
        ),
        control_units=(("mlp.0/5",),),
        positions=(
            PositionEffect(
                position=0, kl=0.125, kl_controls=(0.0,), loss_before=None, loss_after=None,
                loss_controls=(), top=(), targets=(),
            ),
        ),
        kl_mean=0.125, kl_mean_controls=(0.0,), loss_before=None, loss_after=None,
        loss_controls=(), moved=(), layers=(), lens=(), ran=RAN,
    )  # fmt: skip


def generated() -> tuple[GenerationRequest, list[GeneratedToken], GenerationEnd]:
    request = GenerationRequest(model=SPEC, prompt=Prompt(text="The cat sat"), edits=(ABLATE,))
    tokens = [
        GeneratedToken(which=which, step=0, token=TokenText(id=2, text=" \0\ud800"), logprob=-0.5)
        for which in ("clean", "edited")
    ]
    return request, tokens, GenerationEnd(reasons={"clean": "length", "edited": "end"}, ran=RAN)
