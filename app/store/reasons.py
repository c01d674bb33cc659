"""Why a metric has no number or no interval, in the order in which rows of scores name it.

As in `analysis.score.reasons`, which is not imported here because the store opens without the
analysis; a contract test compares them. New ones go to the end, and none ever leaves.
"""

from typing import Final

NO_JUDGE: Final = "this judge was not asked"
BOUNDARY: Final = "no interval: nearly all resamples of the documents give this same value"
NEVER_SAID: Final = "the judge never says yes"
FEW_TOP_DOCUMENTS: Final = "no interval: the top windows are of fewer than 8 documents"

REASONS: Final = (
    "every prediction is the same",
    "every activation is the same",
    "every activation is 0",
    "no top windows of this split are kept",
    "the top windows have no counted token",
    "activations or predictions are all the same",
    "no threshold: on calibration every window fires or none does, or there is no calibration text",
    "no threshold: no calibration window can be marked, or there is no calibration text",
    "every judged window fires",
    "no judged window fires",
    NEVER_SAID,
    "no window can be marked both ways",
    "every token fires",
    "no token fires",
    NO_JUDGE,
    "no interval: undefined in more than a tenth of the resamples of documents",
    "no interval: no resamples were asked for",
    "no interval: fewer than 6 documents",
    FEW_TOP_DOCUMENTS,
    BOUNDARY,
    "no interval: fewer than 6 documents that fire, or fewer than 6 that do not",
)
