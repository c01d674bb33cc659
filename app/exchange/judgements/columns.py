"""The columns of the tables of judgements, and what each holds; docs/agreement.md tells users."""

from typing import Final, Literal

Kind = Literal["text", "whole", "number", "flag", "texts", "moment"]
Table = Literal["raw", "consensus", "skips"]

ABOUT: Final[dict[str, Kind]] = {
    "model": "text",
    "site": "text",
    "index": "whole",
    "explanation": "whole",
    "version": "whole",
    "text": "text",
}
RAW: Final[dict[str, Kind]] = {
    **ABOUT,
    "annotator": "text",
    "origin": "text",
    "verdict": "text",
    "specificity": "whole",
    "sensitivity": "whole",
    "several_meanings": "flag",
    "tags": "texts",
    "note": "text",
    "seconds": "number",
    "sequence": "whole",
    "peeked": "flag",
    "campaign": "text",
    "guideline": "whole",
    "expected": "text",
    "created_at": "moment",
    "id": "whole",
}
CONSENSUS: Final[dict[str, Kind]] = {
    **ABOUT,
    "verdict": "text",
    "settled_by": "text",
    "plurality": "text",
    "tied": "texts",
    "n": "whole",
    "n_wanted": "whole",
    "complete": "flag",
    "n_accept": "whole",
    "n_edit": "whole",
    "n_reject": "whole",
    "n_unsure": "whole",
    "specificity": "number",
    "n_specificity": "whole",
    "sensitivity": "number",
    "n_sensitivity": "whole",
    "n_several_meanings": "whole",
    "n_asked_several_meanings": "whole",
    "decided_by": "text",
    "decided_in": "text",
    "reason": "text",
    "expected": "text",
    "campaign": "text",
}
SKIPS: Final[dict[str, Kind]] = {
    **ABOUT,
    "annotator": "text",
    "reason": "text",
    "after": "whole",
    "campaign": "text",
    "skipped_at": "moment",
}
COLUMNS: Final[dict[Table, dict[str, Kind]]] = {
    "raw": RAW,
    "consensus": CONSENSUS,
    "skips": SKIPS,
}
NEEDED: Final = ("annotator", "verdict")
"""Of a table that is brought in: beside them, `explanation`, or `site` and `index`, or `unit`."""
READ: Final[dict[str, Kind]] = {**RAW, "unit": "text"}
