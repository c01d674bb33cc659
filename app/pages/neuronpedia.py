"""Addresses as Neuronpedia writes them, which lead to our pages: `/{model}/{source}/{index}` of a
unit (`12-mlp`), `/{model}/graph?slug=…` of a circuit."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from starlette.convertors import Convertor, register_url_convertor

from app.rendering.addresses import ModelPages

router = APIRouter()


class SourceConvertor(Convertor[str]):
    """Matches `12-mlp` and gives our name of it, `mlp.12`."""

    regex = "[0-9]{1,4}-(?:mlp|attn)"

    def convert(self, value: str) -> str:
        layer, _, kind = value.partition("-")
        return f"{kind}.{int(layer)}"

    def to_string(self, value: str) -> str:
        kind, _, layer = value.partition(".")
        return f"{layer}-{kind}"


class IndexConvertor(Convertor[int]):
    """An index of at most nine digits: longer ones are no address of ours."""

    regex = "[0-9]{1,9}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("source", SourceConvertor())
register_url_convertor("index", IndexConvertor())


@router.get("/{model}/{source:source}/{index:index}")
def redirect_to_unit(model: str, source: str, index: int) -> RedirectResponse:
    return RedirectResponse(ModelPages(model).unit(source, index), status_code=308)


@router.get("/{model}/graph")
def redirect_to_circuit(
    model: str, slug: Annotated[str | None, Query(max_length=200)] = None
) -> RedirectResponse:
    pages = ModelPages(model)
    there = pages.circuits() if slug is None else pages.circuit(slug)
    return RedirectResponse(there, status_code=308)
