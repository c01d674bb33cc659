"""What requests name and where they do, and what routes often need: the words of the tables."""

from typing import Final

from app.auth.need import Made, Need, Reach, Subject, Who
from app.auth.rights import Right

SEE, RUN, ANNOTATE, REVIEW = Right.SEE, Right.RUN, Right.ANNOTATE, Right.REVIEW
EXPORT, WORK, MANAGE = Right.EXPORT, Right.WORK, Right.MANAGE

MODEL: Final = Subject("model", "path", "model")
EXPLANATION: Final = Subject("explanation", "path", "explanation_id")
NUMBER: Final = Subject("explanation", "path", "number")
RUN_ID: Final = Subject("run", "path", "run_id")
JOB: Final = Subject("job", "path", "job_id")
EXPERIMENT: Final = Subject("experiment", "path", "slug")
COMMENT: Final = Subject("comment", "path", "comment_id")
LIST: Final = Subject("list", "path", "slug")
CORPUS: Final = Subject("corpus", "path", "corpus")
NAMED_CORPUS: Final = Subject("corpus", "path", "name")
FILTERED: Final = Subject("model", "query", "model")
SENT: Final = Subject("model", "json", "model")
SENT_ID: Final = Subject("model", "json", "modelId")
POSTED: Final = Subject("model", "form", "model")
SENT_PARENT: Final = Subject("experiment", "json", "parent")
POSTED_LIST: Final = Subject("list", "form", "list")
POSTED_PARENT: Final = Subject("experiment", "form", "parent")
JOB_NAMES: Final = (Subject("run", "json", "run_id"), Subject("corpus", "json", "corpus"))
PLAYGROUND_SHOWS: Final = (
    Subject("experiment", "query", "experiment"), Subject("run", "query", "window", before=":"),
)  # fmt: skip

OPEN: Final = Need(Who.ANYBODY)
ANY_ACCOUNT: Final = Need(Who.SIGNED_IN)
ANY_OF_MODEL: Final = Need(Who.SIGNED_IN, beside=(FILTERED,))
KEEPS: Final = Need(Who.SIGNED_IN, keeps=True)
ADMINISTRATORS: Final = Need(Who.ADMINISTRATOR)

SEEN: Final = Need(SEE, MODEL)
TAKEN: Final = Need(SEE, MODEL, whole=True)
TAKEN_RUN: Final = Need(SEE, RUN_ID, whole=True)
TAKEN_EXPERIMENT: Final = Need(SEE, EXPERIMENT, whole=True)
TAKEN_EXPLANATION: Final = Need(SEE, EXPLANATION, whole=True)
SEEN_RUN: Final = Need(SEE, RUN_ID)
SEEN_JOB: Final = Need(SEE, JOB)
SEEN_EXPERIMENT: Final = Need(SEE, EXPERIMENT)
SEEN_LIST: Final = Need(SEE, LIST)
SEEN_EXPLANATION: Final = Need(SEE, EXPLANATION)
SEEN_ON_UNIT: Final = Need(SEE, NUMBER, beside=(MODEL,))
RUNS: Final = Need(RUN, MODEL)
RUNS_FORK: Final = Need(RUN, MODEL, beside=(SENT_PARENT,))
RUNS_FORM: Final = Need(RUN, MODEL, beside=(POSTED_PARENT,))
RUNS_SENT: Final = Need(RUN, SENT_ID)
RUNS_EXPERIMENT: Final = Need(RUN, EXPERIMENT)
WRITES: Final = Need(ANNOTATE, MODEL)
JUDGES: Final = Need(ANNOTATE, EXPLANATION)
JUDGES_ON_UNIT: Final = Need(ANNOTATE, NUMBER, beside=(MODEL,))
EDITS_COMMENT: Final = Need(ANNOTATE, COMMENT)
WITHDRAWS_COMMENT: Final = Need(ANNOTATE, COMMENT, others=REVIEW)
REVIEWS: Final = Need(REVIEW, MODEL)
REVIEWS_ON_ITS_OWN: Final = Need(REVIEW, EXPLANATION)
REVIEWS_EXPLANATION: Final = Need(REVIEW, EXPLANATION, beside=(MODEL,))
REVIEWS_NUMBER: Final = Need(REVIEW, NUMBER, beside=(MODEL,))
FILLS: Final = Need(ANNOTATE, LIST)
MANAGES: Final = Need(MANAGE, MODEL)
LETS_IN: Final = Need(MANAGE, MODEL, by_login=True)
EXPORTS: Final = Need(EXPORT, MODEL)
EXPORTS_SOMEWHERE: Final = Need(ANNOTATE, Reach.SOMEWHERE)
"""To ask for an export: of what, the handler asks."""
WORKS: Final = Need(WORK, MODEL)
WORKS_SOMEWHERE: Final = Need(WORK, Reach.SOMEWHERE)
CHANGES_EXPERIMENT: Final = Need(ANNOTATE, EXPERIMENT, others=REVIEW)
DELETES_EXPERIMENT: Final = Need(ANNOTATE, EXPERIMENT, others=MANAGE)
CHANGES_LIST: Final = Need(ANNOTATE, LIST, others=REVIEW)
DELETES_LIST: Final = Need(ANNOTATE, LIST, others=MANAGE)
RENAMES_CIRCUIT: Final = Need(ANNOTATE, MODEL, others=REVIEW, made=Made("circuit", "path", "slug"))
DELETES_CIRCUIT: Final = Need(ANNOTATE, MODEL, others=MANAGE, made=Made("circuit", "path", "slug"))
DELETES_TASK: Final = Need(ANNOTATE, MODEL, others=MANAGE, made=Made("task", "path", "slug"))
DELETES_VECTOR: Final = Need(ANNOTATE, MODEL, others=MANAGE, made=Made("vector", "path", "index"))
