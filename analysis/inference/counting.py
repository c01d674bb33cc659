"""What the service has done, for Prometheus."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600)


class Counts:
    """The counters of one application; each has its own registry, so tests do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "patchclamp_inference_requests",
            "Requests by operation and outcome: ok, or the reason of a refusal.",
            ["operation", "outcome"],
            registry=self.registry,
        )
        self.wait = Histogram(
            "patchclamp_inference_wait_seconds",
            "From when the model is loaded until the request has its first turn.",
            registry=self.registry,
            buckets=BUCKETS,
        )
        self.model = Histogram(
            "patchclamp_inference_model_seconds",
            "What was computed for one request, all its turns together.",
            ["operation"],
            registry=self.registry,
            buckets=BUCKETS,
        )
        self.waiting = self._gauge("waiting", "Requests that are not being computed now.")
        self.stuck = self._gauge(
            "stuck_seconds", "How long the thread has been kept by what nobody waits for; or 0."
        )
        self.loaded = self._gauge("models", "Models that are loaded.")
        self.used = self._gauge("model_bytes", "Memory of their weights.")
        self.budget = self._gauge("model_bytes_most", "Memory that weights may take.")

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, described: str) -> Gauge:
        return Gauge(f"patchclamp_inference_{name}", described, registry=self.registry)
