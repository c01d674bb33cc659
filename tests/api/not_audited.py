"""Routes that write and of which no call is made here, each with the reason."""

from typing import Final

from tests.api.auditing import OF

PEEKED = "campaign.peeked, of whoever holds an item: tests/pages/test_judging_in_campaigns.py"
TAKEN_AWAY = "campaign.taken_away, of whoever could be asked: tests/store/test_unblinding.py"
OTHERWISE: Final = {
    "GET /m/{model}/{site}/{index}": PEEKED,
    "GET /m/{model}/{site}/{index}/explanations": PEEKED,
    "GET /m/{model}/{site}/{index}/explanations/{number}": PEEKED,
    "GET /m/{model}/{site}/{index}/explanations/{number}/versions": PEEKED,
    "GET /m/{model}/{site}/{index}/explanations/{number}/compare": PEEKED,
    "GET /api/v1/explanations/{explanation_id}": PEEKED,
    "GET /api/v1/explanations/{explanation_id}/scores": PEEKED,
    "GET /api/v1/explanations/{explanation_id}/versions": PEEKED,
    "GET /api/v1/explanations/{explanation_id}/compare": PEEKED,
    "GET /api/v1/explanations/{explanation_id}/evidence": PEEKED,
    "GET /api/v1/explanations/{explanation_id}/evidence/causal": PEEKED,
    "GET /api/v1/models/{model}/sites/{site}/units/{index}": PEEKED,
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/explanations": PEEKED,
    "GET /api/v1/models/{model}/scores": PEEKED,
    "GET /m/{model}/disagreements/{number}": TAKEN_AWAY,
    "GET /api/v1/models/{model}/disagreements/{explanation_id}": TAKEN_AWAY,
    f"PUT {OF}/campaigns/{{slug}}/assignments/{{assignment_id}}/draft": "is what somebody is about "
    "to say, at every pause; the log has what they said",
    f"POST {OF}/circuits/{{slug}}/prove": "the double proves nothing; the store's function is "
    "tested in tests/store/audit/test_written_by_people.py",
    "GET /login/oidc/back": "needs a provider: tests/auth/oidc has one, and reads the rows",
    "POST /api/graph/generate": "waits for a worker; it queues a job by create_job, as others do",
}
"""Those that no call is made of here."""
KEEPING_NOTHING: Final = {
    f"POST {OF}/tokens", f"POST {OF}/activations", f"POST {OF}/search/text",
    f"POST {OF}/circuits/{{slug}}/ablate", f"POST {OF}/circuits/{{slug}}/scrub",
    "POST /api/activation/new", "POST /api/activation/source", "POST /api/search-all",
    "POST /api/search-topk-by-token", "POST /api/steer", "POST /api/steer-chat",
    "POST /m/{model}/playground/tokens", "POST /experiments/{slug}/again",
    "POST /m/{model}/{site}/{index}/live", "GET /m/{model}/text",
}  # fmt: skip
"""They have a laboratory, which could keep something, and only ask the loaded model."""
