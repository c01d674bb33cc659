import pytest

from analysis.circuits.pairs import run_sides
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.kinds import KINDS
from tests.analysis.circuits.planted.patching import load


@pytest.fixture(scope="session")
def subject(tmp_path_factory):
    """A planted model, and its pairs as they are run."""

    def make(kind, seed=0):
        subject = load(KINDS[kind](tmp_path_factory.mktemp("circuits") / "model", seed))
        return subject, run_sides(subject.model, METRIC, task_pairs(subject.planted))

    return make


@pytest.fixture(scope="session")
def sites():
    def of(subject):
        return [site.name for site in subject.planted.sites]

    return of
