"""From levels between 0 and 10 to activations: a line, fitted on calibration.

On random windows of it, in the proportion in which texts make the unit fire: among windows that
were chosen because it fires, a level would come to stand for more activation than it does in the
random windows that are scored.
"""

import numpy as np

from analysis.explain.language_model.choices import AssistantChoices
from analysis.explain.language_model.evidence import UnitEvidence
from analysis.explain.language_model.records import Simulated
from analysis.score.calibration import Linear, fit_linear
from analysis.score.division import CALIBRATION


def line_of_own(
    unit: UnitEvidence, simulated: Simulated, choices: AssistantChoices, highest: float
) -> Linear:
    """Of the unit's own sentence, the explained tail upwards. Where it would fall or be flat, or
    nothing was answered, 10 is `highest`, what it was to the explainer: calibration must not turn a
    wrong explanation into a right one."""
    fitted = line_of(unit, simulated, choices)
    return fitted if fitted is not None and fitted.scale > 0 else Linear(highest / 10, 0.0)


def line_of(unit: UnitEvidence, simulated: Simulated, choices: AssistantChoices) -> Linear | None:
    """Least squares over the tokens of all windows that were answered, the explained tail upwards;
    None where there are none."""
    shown = unit.at_random(CALIBRATION, choices.windows)
    answered = np.flatnonzero(simulated.answered).tolist()
    if not answered:
        return None
    actual = np.concatenate([shown.excerpts[row].activations for row in answered])
    levels = np.concatenate(
        [simulated.predictions[row, : len(shown.excerpts[row].tokens)] for row in answered]
    )
    return fit_linear(actual, levels)
