"""`patchclamp sweep` asks for exactly the sweep that its options name."""

from datetime import UTC, datetime

from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.queries.job import get_job, list_jobs
from app.store.requests import SweepRequest
from app.store.tables import CorpusTable, ModelTable
from tests.cli.conftest import Run

MODEL = ModelTable(
    name="toy", title="toy", source="toy", source_kind="plain", architecture="plain", facts={},
    n_layers=1, n_parameters=1, weights_sha256="", tokenizer_sha256="",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip
CORPUS = CorpusTable(
    name="tales", title="tales", source="tales.txt", source_kind="txt", folder="corpora/tales",
    documents_sha256="", n_documents=1, n_characters=1, reading={},
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


def test_options_become_the_request(run: Run, store: Settings) -> None:
    engine = open_engine(store)
    with open_session(engine, commit=True) as session:
        session.add_all([MODEL, CORPUS])
    done = run(
        "sweep", "--model", "toy", "--corpus", "tales", "--window-length", "64",
        "--max-windows", "fit=100", "--max-windows", "ood:code=7",
        "--sampling", "default:top=3,pool=9", "--sampling", "ood:code:random=1",
        "--threshold", "0.5", "--dtype", "float32", "--seed", "4", "--follow-up", "false",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with open_session(engine) as session:
        (line,) = list_jobs(session).items
        job = get_job(session, job_id=line.id)
    assert f"patchclamp jobs watch {job.id}" in done.stdout
    assert "It will write about" in done.stdout
    assert SweepRequest.model_validate(job.request) == SweepRequest.model_validate(
        {
            "model": "toy",
            "corpus": "tales",
            "window_length": 64,
            "max_windows": {"fit": 100, "ood:code": 7},
            "sampling": {"default": {"top": 3, "pool": 9}, "ood:code": {"random": 1}},
            "threshold": 0.5,
            "dtype": "float32",
            "seed": 4,
            "follow_up": False,
        }
    )
