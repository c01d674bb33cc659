"""`/{model}/{source}/{index}` as Neuronpedia writes it (`12-mlp`): leads to our page."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.convertors import Convertor, register_url_convertor

from app.pages.addresses import unit_path

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


register_url_convertor("source", SourceConvertor())


@router.get("/{model}/{source:source}/{index:int}")
def redirect_to_unit(model: str, source: str, index: int) -> RedirectResponse:
    return RedirectResponse(unit_path(model, source, index), status_code=308)
