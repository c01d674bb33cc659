"""What happened to a job, as sentences and times since its start; the raw data stays beside it."""

import json
from datetime import UTC
from typing import Any, Final

from markupsafe import Markup

from app.rendering.markup import trusted
from app.rendering.numbers import MINUS, THIN, count, duration, percent_text, significant
from app.rendering.words import link, plain, split_title
from app.store.views.job import JobEventView, JobRow


def happened(event: JobEventView) -> str:
    """One sentence, or two; of a kind without words here, its name and its data."""
    tell = SENTENCES.get(event.kind)
    if tell is not None:
        return tell(event.data)
    said = plain(event.data) if event.data else ""
    return f"{event.kind.replace('_', ' ').capitalize()}{': ' if said else ''}{said}."


def since_start(event: JobEventView, job: JobRow) -> Markup:
    """How long after the start of the job; the date and time for machines and on hover."""
    at = event.at.astimezone(UTC)
    start = job.started_at or job.created_at
    seconds = round((event.at - start).total_seconds())
    size = duration(abs(seconds)) if abs(seconds) >= 60 else f"{abs(seconds)}{THIN}s"
    sign = "" if not seconds else "+" if seconds > 0 else MINUS
    return trusted(
        f'<time datetime="{at:%Y-%m-%dT%H:%M:%S+00:00}"'
        f' title="{at:%Y-%m-%d %H:%M:%S} UTC">{sign}{size}</time>'
    )


def raw(value: object) -> str:
    """As the store and the API have it."""
    return json.dumps(value, ensure_ascii=False)


def _queued(data: dict[str, Any]) -> str:
    if data.get("reason"):
        return f"Back in the queue. {data['reason']}"
    return f"Asked for by {data.get('actor', 'somebody')}; it waits for a worker."


def _started(data: dict[str, Any]) -> str:
    return f"{_worker(data.get('worker'))} began with it."


def _resumed(data: dict[str, Any]) -> str:
    if data.get("windows") is not None:
        return f"Checkpoints know {data['windows']:,} windows: it goes on behind them."
    if "worker" not in data:
        return "It goes on: what it waited for is over."
    where = ""
    if data.get("done"):
        where = f", at {int(data['done']):,} {data.get('unit') or 'steps'}"
    if data.get("dead_worker"):
        dead = f"worker {data['dead_worker']} was no longer heard of"
        return f"{_worker(data['worker'])} took it over{where}: {dead}."
    return f"{_worker(data['worker'])} went on with it{where}."


def _planned(data: dict[str, Any]) -> str:
    told = "Planned"
    windows: dict[str, dict[str, int | None]] = data.get("windows") or {}
    taken = [f"{split_title(split)} {n['taken']:,}" for split, n in windows.items()]
    if taken:
        told += f" the windows to read: {', '.join(taken)}"
    return f"{told}. Numbers are {data['dtype']}." if data.get("dtype") else f"{told}."


def _estimated(data: dict[str, Any]) -> str:
    time, memory = duration(data.get("seconds")), f"{data.get('n_bytes', 0) / 1e9:.1f}{THIN}GB"
    pairs = f"{data.get('pairs_for_finding', 0):,} pairs for finding"
    if data.get("held_out_pairs"):
        pairs += f", {data['held_out_pairs']:,} held out"
    return f"It will take about {time}, and at most {memory} besides the model: {pairs}."


def _progress(data: dict[str, Any]) -> str:
    done, total, unit = data.get("done"), data.get("total"), data.get("unit") or "steps"
    parts = []
    if data.get("message"):
        parts.append(str(data["message"])[:1].upper() + str(data["message"])[1:])
    if done is not None:
        of = f" of {int(total):,} {unit} ({percent_text(done / total)})" if total else f" {unit}"
        speed = f", {significant(data['rate'])} a second" if data.get("rate") else ""
        parts.append(f"{int(done):,}{of}{speed}")
    return f"{': '.join(parts) or 'It goes on'}."


def _published(data: dict[str, Any]) -> str:
    if data.get("windows") is None:
        return "Published what it has so far."
    told = Markup("The numbers of {} windows are on the pages").format(count(data["windows"]))
    if data.get("run_id") is not None:
        told += Markup(" ({})").format(link(f"/runs/{data['run_id']}", f"run {data['run_id']}"))
    return told + "."


def _left_out(data: dict[str, Any]) -> str:
    told = f"It goes on without {data.get('what') or 'something extra'}"
    return _sentence(f"{told}: {data['reason']}" if data.get("reason") else told)


def _waiting(data: dict[str, Any]) -> str:
    return _sentence(data.get("message") or "It waits until the store can be written")


def _cancelling(data: dict[str, Any]) -> str:
    return f"{data.get('actor', 'Somebody')} asked it to stop; it does so within a batch."


def _cancelled(data: dict[str, Any]) -> str:
    return f"Cancelled by {data['actor']}." if data.get("actor") else "It stopped: cancelled."


def _succeeded(data: dict[str, Any]) -> str:
    result = data.get("result") or {}
    run, left = result.get("run_id"), result.get("not_done") or {}
    said = "".join(f" Not done: {what}. {_sentence(why)}" for what, why in left.items())
    if run is None:
        return f"Done.{said}"
    told = Markup("Done: its numbers are {}.{}")
    return told.format(link(f"/runs/{run}", f"run {run}"), said)


def _failed(data: dict[str, Any]) -> str:
    error = data.get("error")
    return _sentence(f"Failed: {error}") if error else "Failed."


def _worker(name: object) -> str:
    return f"Worker {name}" if name else "A worker"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


SENTENCES: Final = {
    "queued": _queued,
    "started": _started,
    "resumed": _resumed,
    "estimated": _estimated,
    "planned": _planned,
    "progress": _progress,
    "published": _published,
    "left_out": _left_out,
    "waiting": _waiting,
    "cancelling": _cancelling,
    "cancelled": _cancelled,
    "succeeded": _succeeded,
    "failed": _failed,
}
