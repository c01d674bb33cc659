"""Which positions a run's statistics leave out."""

from app.store.views.run import RunView


def counted_from(run: RunView) -> int:
    """The first counted position; 0 where the run does not say."""
    first = run.parameters.get("counted_from", 0)
    return first if isinstance(first, int) else 0
