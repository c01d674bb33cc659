"""Pages: one file per resource; each handler parses, asks the store once, and renders a view."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
