"""`/glossary`: the words that pages and API use."""

from fastapi import APIRouter, Request, Response

from app.rendering.answers import respond
from app.rendering.glossary import sorted_entries

router = APIRouter()


@router.get("/glossary")
def show_glossary(request: Request) -> Response:
    return respond(request, "glossary/page.html", {"entries": sorted_entries()})
