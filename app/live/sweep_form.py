"""What the playground's form says of a sweep of edits."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, ValidationError

from analysis.protocol.sweeps import AskedToSweep, Measured, Metric
from app.errors import BadRequestError
from app.fields import blank_to_none
from app.live.form import PlaygroundForm, said_of

WHOLE_MODEL: Final = "all"
"""In the place of a site's name."""
BEST_OF_SITE: Final = 8
"""Run of each site of a whole model, and as many at random, where nothing else is asked for: the
rest is estimated from one gradient, for no page waits for tens of thousands of runs."""


class SweepForm(PlaygroundForm):
    """The playground's prompt, and what is edited one by one."""

    site: Annotated[str, Field(max_length=20)] = ""
    how: Literal["zero", "mean"] = "zero"
    metric: Metric = "logprob"
    at: Annotated[int | None, Field(ge=0, lt=2**31), BeforeValidator(blank_to_none)] = None
    exact: Annotated[int | None, Field(ge=0, le=2**31), BeforeValidator(blank_to_none)] = None

    def sweep(self) -> AskedToSweep:
        """Raises BadRequestError."""
        if not self.site:
            raise BadRequestError("No site is chosen.", hint="Choose one, such as mlp.7.")
        whole = self.site == WHOLE_MODEL
        prompt = self.prompt()
        try:
            return AskedToSweep(
                prompt=prompt,
                sites=None if whole else (self.site,),
                operation=self.how,
                measured=Measured(metric=self.metric, position=self.at),
                exact=BEST_OF_SITE if whole and self.exact is None else self.exact,
            )
        except ValidationError as error:
            raise BadRequestError(
                f"“{self.site}” is no site whose units can be edited: {said_of(error)}.",
                hint="Choose one of the model's, such as mlp.7 or attn.7.",
            ) from error
