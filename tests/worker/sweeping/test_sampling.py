"""What a run says of the windows that its numbers come from."""

from types import SimpleNamespace

from analysis.worker.sweeping.sampling import plan_of, run_parameters
from app.store.requests import Sampling, SweepRequest


def test_a_run_says_how_many_windows_of_the_pilot_could_be_drawn_for_an_interval():
    numbers = {"fit": range(2000), "test": range(2000, 4000), "ood:code": range(4000, 4020)}
    windows = SimpleNamespace(
        splits=tuple(numbers), numbers=numbers.__getitem__, counts={}, sha256="0"
    )
    sampling = {"fit": Sampling(pool=100), "default": Sampling(pool=0, per_interval=2)}
    request = SweepRequest(model="m", corpus="c", sampling=sampling)
    found = run_parameters(request, windows, plan_of(request, windows))
    assert found["pilot_windows"] == {"fit": 256, "test": 256, "ood:code": 20}
    assert found["pilot_windows_held"] == {"fit": 100, "test": 64, "ood:code": 20}
