"""Pages: one file per resource; each handler parses, asks the store, and renders a view.

The order counts: fixed paths come before `/m/{model}/…`, and those before Neuronpedia's
`/{model}/{source}/{index}`, which must shadow none.
"""

from fastapi import APIRouter

from app.pages.account import router as own_account
from app.pages.account_tokens import router as own_tokens
from app.pages.activity import router as activities
from app.pages.agreement import router as agreement
from app.pages.audit import router as audit
from app.pages.bookmark import router as bookmarks
from app.pages.campaign import router as campaigns
from app.pages.campaign_queue import router as campaign_queues
from app.pages.circuit import router as circuits
from app.pages.circuit_request import router as circuit_requests
from app.pages.comment import router as comments
from app.pages.conducting import router as conducting
from app.pages.corpus import router as corpora
from app.pages.decision import router as decisions
from app.pages.evidence import router as evidence
from app.pages.experiment import router as experiments
from app.pages.explanation import router as explanations
from app.pages.export import router as exports
from app.pages.glossary import router as glossary
from app.pages.home import router as home
from app.pages.job import router as jobs
from app.pages.judgement import router as judgements
from app.pages.judgement_import import router as judgement_imports
from app.pages.jump import router as jump
from app.pages.live import router as live
from app.pages.login import router as logins
from app.pages.login_link import router as login_links
from app.pages.login_oidc import router as provider_logins
from app.pages.model import router as models
from app.pages.model_people import router as model_people
from app.pages.neuronpedia import router as neuronpedia
from app.pages.notice import router as notices
from app.pages.people import router as people
from app.pages.person import router as persons
from app.pages.playground import router as playground
from app.pages.run import router as runs
from app.pages.scores import router as scores
from app.pages.search import router as searching
from app.pages.site import router as sites
from app.pages.task import router as tasks
from app.pages.text_search import router as text_searches
from app.pages.unit import router as units
from app.pages.unit_list import router as unit_lists
from app.pages.vector import router as vectors
from app.pages.vote import router as votes
from app.pages.writing import router as writing

router = APIRouter(include_in_schema=False)
for part in (
    home,
    logins,
    provider_logins,
    login_links,
    own_account,
    own_tokens,
    people,
    persons,
    glossary,
    bookmarks,
    notices,
    activities,
    comments,
    votes,
    jobs,
    audit,
    exports,
    runs,
    corpora,
    jump,
    searching,
    scores,
    evidence,
    agreement,
    judgement_imports,
    decisions,
    experiments,
    campaigns,
    campaign_queues,
    circuits,
    circuit_requests,
    tasks,
    playground,
    conducting,
    vectors,
    unit_lists,
    text_searches,
    model_people,
    models,
    sites,
    units,
    live,
    writing,
    explanations,
    judgements,
    neuronpedia,
):
    router.include_router(part)
