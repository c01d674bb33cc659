"""Numbers of store and inference in Prometheus' text format, counted when they are asked for."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from app.inference.connection import State
from app.store.queries.census import count_jobs
from app.store.queries.model import list_models


class StoreCollector(Collector):
    def __init__(self, session: Session) -> None:
        self.session = session

    def collect(self) -> list[Metric]:
        jobs = GaugeMetricFamily("patchclamp_jobs", "Jobs by state.", labels=["status"])
        for status, count in count_jobs(self.session).items():
            jobs.add_metric([status], count)
        units = GaugeMetricFamily("patchclamp_units", "Units of a model.", labels=["model"])
        measured = GaugeMetricFamily(
            "patchclamp_units_with_statistics",
            "Units of a model with statistics in its current run.",
            labels=["model"],
        )
        for model in list_models(self.session):
            units.add_metric([model.name], model.n_units)
            measured.add_metric([model.name], model.unit_count)
        return [jobs, units, measured]


def generate_store_metrics(session: Session) -> bytes:
    registry = CollectorRegistry()
    registry.register(StoreCollector(session))
    return generate_latest(registry)


def generate_inference_metrics(state: State) -> bytes:
    registry = CollectorRegistry()
    up = Gauge(
        "patchclamp_inference_up", "1: the inference service takes requests.", registry=registry
    )
    up.set(state.status == "ok")
    return generate_latest(registry)
