"""Benchmarks of the analysis: `patchclamp bench NAME`. They run as a worker does."""

from analysis.worker.threads import wait_politely

wait_politely()
