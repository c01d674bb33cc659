"""How near the test split of a corpus is to the texts that things are fitted on."""

from pydantic import computed_field

from app.store.views.base import View


class HeldOutView(View):
    n_read: int
    """Documents that were looked at; the first of a large corpus."""
    complete: bool
    """Whether these are all."""
    n_test: int
    n_grouped: int
    """Of the documents in test: part of a named group (book, speaker), of which nothing is in
    fit."""
    n_same_work: int
    """Of the others: those whose title begins, up to its first comma, as that of a document in fit
    does, so that they are most likely parts of the same work."""
    example: str | None
    """The work of most of them."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def words(self) -> str | None:
        """What that means for scores; null where every document in test is of a group."""
        n_alone = self.n_test - self.n_grouped
        if not n_alone:
            return None
        first = "" if self.complete else f"Of the first {self.n_read:,} documents: "
        if not self.n_same_work:
            return (
                f"{first}{n_alone:,} of {self.n_test:,} test documents name no group (book, "
                "speaker): what is in test was chosen document by document, so other parts of the "
                "same work may have been fitted on."
            )
        return (
            f"{first}{self.n_same_work:,} of {self.n_test:,} test documents are most likely other "
            f"parts of works that were fitted on, mostly “{self.example}” (their titles begin "
            "alike, and no group keeps them together). On these, a score on test tells of new "
            "passages, not of new texts; held-out domains are other texts."
        )
