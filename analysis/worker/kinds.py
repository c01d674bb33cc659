"""Every kind of job that `patchclamp worker` takes. A new kind is one file and one line here."""

from analysis.worker.demo import PREPARE_DEMO
from analysis.worker.jobs import JobKinds

KINDS = JobKinds([PREPARE_DEMO])
