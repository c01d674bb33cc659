"""Made-up jobs, one of each status, with what happened to them."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from app.store.tables import JobEventTable, JobTable

TRACEBACK = """Traceback (most recent call last):
  File "worker.py", line 12, in run_shard
    raise SweepError("the activations of layer 3 are all NaN")
SweepError: the activations of layer 3 are all NaN
"""
WORKER = "synthetic-worker"
ERROR = "The activations of layer 3 are all NaN: try float32."
EVENTS = {
    "queued": ("queued",),
    "running": ("queued", "started", "planned", "progress", "published", "progress"),
    "succeeded": ("queued", "started", "planned", "progress", "published", "progress", "succeeded"),
    "failed": ("queued", "started", "progress", "resumed", "failed"),
    "cancelled": ("queued", "started", "progress", "cancelling", "cancelled"),
}


def make_jobs(
    model: str, request: dict[str, Any], at: datetime
) -> tuple[dict[str, JobTable], list[JobEventTable]]:
    """The jobs by status, and their events in order; ids follow from the model's name."""
    jobs: dict[str, JobTable] = {}
    events: list[JobEventTable] = []
    for age, status in enumerate(EVENTS):
        job_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{model}/{status}").hex
        created = at - timedelta(minutes=10 * age)
        jobs[status] = _job(job_id, status, model, request, created)
        events += [
            JobEventTable(
                job_id=job_id,
                at=created + timedelta(seconds=second),
                kind=kind,
                data=_event_data(kind, second),
            )
            for second, kind in enumerate(EVENTS[status])
        ]
    return jobs, events


def _job(
    job_id: str, status: str, model: str, request: dict[str, Any], created: datetime
) -> JobTable:
    started = None if status == "queued" else created + timedelta(seconds=1)
    ended = None if status in ("queued", "running") else created + timedelta(minutes=4)
    done = {"queued": None, "running": 640.0, "succeeded": 1600.0}.get(status, 320.0)
    failed = status == "failed"
    return JobTable(
        id=job_id,
        kind="sweep",
        status=status,
        request=request,
        model_name=model,
        created_by="owner",
        created_at=created,
        started_at=started,
        finished_at=ended,
        cancel_requested=status == "cancelled",
        worker_id=None if status == "queued" else WORKER,
        # Held whatever the day: a lease that has run out would make cancelling end the job at once.
        lease_until=created + timedelta(days=36_500) if status == "running" else None,
        attempts=0 if status == "queued" else 1 + failed,
        done=done,
        total=None if status == "queued" else 1600.0,
        unit=None if status == "queued" else "windows",
        rate=8.9 if status == "running" else None,
        message="Sweeping layer by layer" if status == "running" else None,
        error=ERROR if failed else None,
        traceback=TRACEBACK if failed else None,
        result=None,
    )


def _event_data(kind: str, second: int) -> dict[str, Any]:
    done = {"done": 160 * second, "unit": "windows"}
    told: dict[str, dict[str, Any]] = {
        "queued": {"actor": "owner"},
        "started": {"worker": WORKER},
        "planned": {
            "dtype": "float32, as asked for",
            "windows": {"fit": {"asked": None, "found": 1600, "taken": 1600, "short": 0}},
        },
        "progress": done | {"total": 1600, "rate": 8.9, "message": "recording activations"},
        "published": {"windows": 160 * second},
        "resumed": done | {"worker": WORKER, "dead_worker": "synthetic-worker-0"},
        "cancelling": {"actor": "owner"},
        "failed": {"error": ERROR},
    }
    return told.get(kind, {})
