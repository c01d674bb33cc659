"""The page that a browser gets instead of a problem document."""

from fastapi import Request, Response

from app.problems import Problem
from app.rendering.answers import respond


def render_problem(request: Request, problem: Problem) -> Response:
    return respond(request, "problem/page.html", {"problem": problem}, status=problem.status)
