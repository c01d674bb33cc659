"""The machine-readable description of the API, and a plain page of it for people.

The page is rendered on the server from the same document: it needs no script, so it works under
the strict Content-Security-Policy.
"""


from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.api.describing import describe

router = APIRouter(include_in_schema=False)


@router.get("/api/openapi.json")
async def get_openapi_document(request: Request) -> Response:
    return JSONResponse(describe(request.app), headers={"Cache-Control": "no-cache"})
