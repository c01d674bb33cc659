"""Every kind of job that `patchclamp worker` takes. A new kind is one file and one line here."""

from analysis.worker import output, relate
from analysis.worker.circuits import job as circuit
from analysis.worker.demo import PREPARE_DEMO
from analysis.worker.evidencing import job as evidence
from analysis.worker.explaining import job as explain
from analysis.worker.jobs import JobKinds
from analysis.worker.sweeping import job as sweep

KINDS = JobKinds(
    [
        PREPARE_DEMO, sweep.KIND, output.KIND, relate.KIND, explain.KIND, evidence.KIND,
        circuit.KIND,
    ]
)  # fmt: skip
