"""Which explanations count where nobody asks for all: of each method what the newest run of a sweep
found.

One condition for pages, lists, the best claims and exports. A run that explained a unit again ends
what earlier runs of the same method said of it on the same sweep, whatever became of its own
explanation: was the newest withdrawn or edited, an older one does not come back. What a person
wrote, or a file brought, is of no run: no run ends it, and it is shown beside every sweep.
"""

from sqlalchemy import ColumnElement, Integer, bindparam, or_, select
from sqlalchemy.orm import aliased

from app.store.tables import ExplanationTable

Explanations = ExplanationTable
Later = aliased(ExplanationTable)


def explained_again(*known: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a later run explained the unit by the same method on the same sweep; `known` narrows
    which of the explanations `Later` are looked at."""
    return (
        select(Later.id)
        .where(
            Later.site_id == Explanations.site_id,
            Later.unit_index == Explanations.unit_index,
            Later.method == Explanations.method,
            Later.sweep_id.is_not_distinct_from(Explanations.sweep_id),
            Later.run_id > Explanations.run_id,
            *known,
        )
        .exists()
    )


OF_SWEEP = or_(
    Explanations.run_id.is_(None),
    Explanations.sweep_id.is_not_distinct_from(bindparam("sweep_id", type_=Integer)),
)
NEWEST = OF_SWEEP & ~explained_again()
