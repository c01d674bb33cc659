"""Why a metric has no number, or no interval: in the words that people read.

Scores are stored by the million, so each reason is stored as its place in REASONS, counted from 1:
new ones go to the end, and none ever leaves. Reasons that hold for a whole row of scores (there is
no prediction, the pool is empty) are stored with the row as text.
"""

from typing import Final

from analysis.score.bootstrap import FEWEST_DOCUMENTS

SAME_PREDICTION: Final = "every prediction is the same"
SAME_ACTIVATION: Final = "every activation is the same"
ALL_ZERO: Final = "every activation is 0"
NO_TOP_WINDOWS: Final = "no top windows of this split are kept"
NOTHING_COUNTED_ON_TOP: Final = "the top windows have no counted token"
SAME_ON_TOP: Final = "activations or predictions are all the same"
ONE_SIDED_WINDOWS: Final = (
    "no threshold: on calibration every window fires or none does, or there is no calibration text"
)
ONE_SIDED_MARKS: Final = (
    "no threshold: no calibration window can be marked, or there is no calibration text"
)
EVERY_WINDOW_FIRES: Final = "every judged window fires"
NO_WINDOW_FIRES: Final = "no judged window fires"
NEVER_YES: Final = "the judge never says yes"
NOTHING_TO_MARK: Final = "no window can be marked both ways"
ALL_FIRE: Final = "every token fires"
NONE_FIRES: Final = "no token fires"
NOT_ASKED: Final = "this judge was not asked"
UNDEFINED_RESAMPLES: Final = (
    "no interval: undefined in more than a tenth of the resamples of documents"
)
NO_RESAMPLES: Final = "no interval: no resamples were asked for"
FEW_DOCUMENTS: Final = f"no interval: fewer than {FEWEST_DOCUMENTS} documents"
FEW_TOP_DOCUMENTS: Final = "no interval: the top windows are of fewer than 8 documents"
BOUNDARY: Final = "no interval: nearly all resamples of the documents give this same value"
FEW_OF_A_KIND: Final = (
    f"no interval: fewer than {FEWEST_DOCUMENTS} documents that fire, "
    f"or fewer than {FEWEST_DOCUMENTS} that do not"
)

REASONS: Final = (
    SAME_PREDICTION,
    SAME_ACTIVATION,
    ALL_ZERO,
    NO_TOP_WINDOWS,
    NOTHING_COUNTED_ON_TOP,
    SAME_ON_TOP,
    ONE_SIDED_WINDOWS,
    ONE_SIDED_MARKS,
    EVERY_WINDOW_FIRES,
    NO_WINDOW_FIRES,
    NEVER_YES,
    NOTHING_TO_MARK,
    ALL_FIRE,
    NONE_FIRES,
    NOT_ASKED,
    UNDEFINED_RESAMPLES,
    NO_RESAMPLES,
    FEW_DOCUMENTS,
    FEW_TOP_DOCUMENTS,
    BOUNDARY,
    FEW_OF_A_KIND,
)
