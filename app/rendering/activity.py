"""What somebody did, in words that go before what they did it to."""

from typing import Final

WORDS: Final = {
    "explanation.created": "explained",
    "explanation.edited": "edited the explanation of",
    "explanation.withdrawn": "withdrew the explanation of",
    "explanations.imported": "imported explanations into",
    "explanation.judged": "judged",
    "explanation.judgement_taken_back": "took a judgement back of",
    "comment.written": "commented on",
    "comment.edited": "edited a comment on",
    "comment.withdrawn": "withdrew a comment on",
    "explanation.voted": "voted on",
    "explanation.vote_taken_back": "took a vote back on",
    "explanation.decided": "decided about",
    "campaign.created": "began the campaign",
    "campaign.guidelines_written": "wrote guidelines for the campaign",
    "campaign.paused": "paused the campaign",
    "campaign.resumed": "resumed the campaign",
    "campaign.ended": "ended the campaign",
    "circuit.created": "kept the circuit",
    "circuit.renamed": "renamed the circuit",
    "circuit.deleted": "deleted",
    "proof.created": "proved the circuit",
    "experiment.created": "made the experiment",
    "experiment.forked": "varied the experiment",
    "task.created": "kept",
    "task.deleted": "deleted",
    "vector.created": "kept",
    "vector.deleted": "deleted",
}


def happening(action: str) -> str:
    """Of what has no words here, those of the audit log."""
    return WORDS.get(action, action.replace(".", " ").replace("_", " "))
