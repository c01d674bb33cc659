"""Answers a request with a page, or with the one fragment of it that htmx asked for.

A fragment is the template's block that bears its element's id (`exemplars` for
`<section id="exemplars">`), found by the header HX-Target. Everything else gets the whole page:
browsers without JavaScript, restored history, boosted links.
"""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2_fragments import render_block

from app.rendering.environment import environment

VARY = "HX-Request, HX-Target"


def respond(
    request: Request, template: str, context: dict[str, Any], status: int = 200
) -> HTMLResponse:
    """The page `template`, or the block of it that the request's target names."""
    block = _wanted_block(request, template)
    if block is None:
        html = environment.get_template(template).render(context)
    else:
        html = render_block(environment, template, block, context)
    headers = {"Vary": VARY, "Cache-Control": "no-cache"}
    return HTMLResponse(html, status_code=status, headers=headers)


def _wanted_block(request: Request, template: str) -> str | None:
    headers = request.headers
    if "hx-request" not in headers or "hx-history-restore-request" in headers:
        return None
    block = headers.get("hx-target", "").partition("#")[2].replace("-", "_")
    return block if block in environment.get_template(template).blocks else None
