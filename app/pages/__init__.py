"""Pages: one file per resource; each handler parses, asks the store, and renders a view."""

from fastapi import APIRouter

from app.pages import corpus, glossary, home, job, jump, model, neuronpedia, run, site, unit

router = APIRouter(include_in_schema=False)
for resource in (home, glossary, job, run, corpus, jump, model, site, unit, neuronpedia):
    router.include_router(resource.router)
