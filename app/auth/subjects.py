"""What requests name, and where they do: the words of the table of needs."""

from typing import Final

from app.auth.need import Subject

MODEL: Final = Subject("model", "path", "model")
EXPLANATION: Final = Subject("explanation", "path", "explanation_id")
NUMBER: Final = Subject("explanation", "path", "number")
RUN_ID: Final = Subject("run", "path", "run_id")
JOB: Final = Subject("job", "path", "job_id")
EXPERIMENT: Final = Subject("experiment", "path", "slug")
LIST: Final = Subject("list", "path", "slug")
CORPUS: Final = Subject("corpus", "path", "corpus")
NAMED_CORPUS: Final = Subject("corpus", "path", "name")
FILTERED: Final = Subject("model", "query", "model")
SENT: Final = Subject("model", "json", "model")
SENT_ID: Final = Subject("model", "json", "modelId")
POSTED: Final = Subject("model", "form", "model")
SENT_PARENT: Final = Subject("experiment", "json", "parent")
POSTED_PARENT: Final = Subject("experiment", "form", "parent")
JOB_NAMES: Final = (Subject("run", "json", "run_id"), Subject("corpus", "json", "corpus"))
PLAYGROUND_SHOWS: Final = (
    Subject("experiment", "query", "experiment"), Subject("run", "query", "window", before=":"),
)  # fmt: skip
