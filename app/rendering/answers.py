"""Answers a request with a page, or with the one fragment of it that htmx asked for.

A fragment is the template's block that bears its element's id (`exemplars` for
`<section id="exemplars">`), found by the header HX-Target. Everything else gets the whole page:
browsers without JavaScript, restored history, boosted links.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2_fragments import render_block

from app.errors import PatchclampError
from app.rendering.environment import environment
from app.rendering.masthead import masthead_of
from app.rendering.permitted import permitted

VARY = "HX-Request, HX-Target"
ONCE = "no-store"


def respond(
    request: Request,
    template: str,
    context: dict[str, Any],
    status: int = 200,
    *,
    fragments: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The page `template`, or the block of it that the request's target names.

    `fragments`: templates of parts that several pages show, by the id of their element.
    """
    context = {"masthead": masthead_of(request), "may": permitted(request), **context}
    target = target_of(request)
    block = target if target in environment.get_template(template).blocks else None
    if fragments is not None and target in fragments:
        html = environment.get_template(fragments[target]).render(context)
    elif block is None:
        html = environment.get_template(template).render(context)
    else:
        html = render_block(environment, template, block, context)
    headers = {"Vary": VARY, "Cache-Control": "no-cache"}
    return HTMLResponse(html, status_code=status, headers=headers)


def respond_once(
    request: Request, template: str, context: dict[str, Any], error: PatchclampError | None = None
) -> HTMLResponse:
    """The same of what may be kept nowhere: pages that let somebody in, or that show a secret;
    refused where there is an error."""
    response = respond(request, template, context, 200 if error is None else error.status)
    response.headers["Cache-Control"] = ONCE
    if error is not None and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def target_of(request: Request) -> str:
    """The id of the element that htmx fills, as a block is named; "" for a whole page."""
    headers = request.headers
    if "hx-request" not in headers or "hx-history-restore-request" in headers:
        return ""
    return headers.get("hx-target", "").partition("#")[2].replace("-", "_")
