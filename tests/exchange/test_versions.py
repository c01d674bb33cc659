"""A table is of one version as long as its columns are the same."""

import hashlib

from app.exchange import comma_separated, parquet
from app.exchange.formats import FORMATS, TABLES
from app.exchange.record_json import to_json
from app.store.packing import METRICS, pack_scores
from app.store.portable import ExplanationRecord
from app.store.writing_explanations import ScoreRow

SCHEMAS = {
    "jsonl": (2, "1533a37eff24be73"),
    "csv": (1, "4fc513c119432fd2"),
    "parquet": (3, "92ab8a1c78180fb8"),
}
"""Version and digest: who changes a table's columns raises its version, then writes both here."""


def test_a_table_of_other_columns_is_of_another_version() -> None:
    columns = {
        "jsonl": names_in(to_json(full_record())),
        "csv": ",".join(comma_separated.HEADER),
        "parquet": str(parquet.schema()),
    }
    digests = {form: hashlib.sha256(told.encode()).hexdigest() for form, told in columns.items()}
    found = {form: (FORMATS[form].version, digests[form][:16]) for form in TABLES}
    assert found == SCHEMAS


def full_record() -> ExplanationRecord:
    """With every metric."""
    values = pack_scores(dict.fromkeys(METRICS, (0,)))
    score = ScoreRow("test", "program", "scored", None, 0, 0, 0, 0, None, None, values)
    return ExplanationRecord(
        "toy", "mlp.0", 0, "t", None, "hand", "me", None, None, None, None, {}, (score,)
    )


def names_in(value: object, at: str = "") -> str:
    """Every name within, with where it stands."""
    if isinstance(value, list):
        return names_in(value[0], f"{at}[]")
    if not isinstance(value, dict) or not value:
        return at
    return "\n".join(names_in(value[name], f"{at}.{name}") for name in sorted(value))
