"""An experiment run again: how far its numbers are now from those that are stored."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from analysis.protocol.experiments import ExperimentAnswer, ExperimentRequest, Ran
from app.errors import ConflictError
from app.live.experiment import Laboratory, of_another_version
from app.store.views.experiment import ExperimentView


@dataclass(frozen=True)
class Repeated:
    """The largest difference of each kind of number over all positions; None: neither has any."""

    kl: float | None
    loss: float | None
    probability: float | None
    kl_mean: float
    """As it is now."""
    ran: Ran

    @property
    def same(self) -> bool:
        """To the last bit."""
        return not any((self.kl, self.loss, self.probability))


async def repeat(laboratory: Laboratory, view: ExperimentView) -> Repeated:
    """Nothing is stored. Raises ConflictError where the request or its answer is another version's,
    or where the statistics that it used are gone."""
    subject = await laboratory.subject(view.model)
    if view.kind != "experiment":
        raise ConflictError(
            "Only single experiments are compared with what is stored.",
            hint="Ask for a sweep or a generation again from the playground.",
        )
    if view.request.get("statistics") not in (None, subject.statistics):
        raise ConflictError(
            "The model was swept again since, and its units' means and deviations are others now: "
            "the same request can no longer be made.",
            hint="Fork it: the playground asks with the statistics of today.",
        )
    try:
        request = ExperimentRequest.model_validate({**view.request, "model": subject.spec})
        then = ExperimentAnswer.model_validate_json(view.answer)
    except ValidationError as error:
        raise of_another_version(view.slug, hint="Fork it, or take it as JSON.") from error
    now = await laboratory.inference.run_experiment(request, subject.supply)
    return compare(then, now)


def compare(then: ExperimentAnswer, now: ExperimentAnswer) -> Repeated:
    return Repeated(
        kl=_largest(then, now, lambda answer: [one.kl for one in answer.positions]),
        loss=_largest(then, now, lambda answer: [one.loss_after for one in answer.positions]),
        probability=_largest(
            then, now, lambda answer: [top.after for one in answer.positions for top in one.top]
        ),
        kl_mean=now.kl_mean,
        ran=now.ran,
    )


def _largest(
    then: ExperimentAnswer,
    now: ExperimentAnswer,
    numbers: Callable[[ExperimentAnswer], list[float | None] | list[float]],
) -> float | None:
    pairs = [
        (before, after)
        for before, after in zip(numbers(then), numbers(now), strict=False)
        if before is not None and after is not None
    ]
    return max((abs(before - after) for before, after in pairs), default=None)
