"""Benchmarks of the analysis: `patchclamp bench NAME`. They run as a worker does."""

from analysis.worker.compiled import keep_compiled
from analysis.worker.memory import keep_freed_memory
from analysis.worker.threads import wait_politely
from app.settings import get_settings

keep_compiled(get_settings().data)
wait_politely()
keep_freed_memory()
