"""A window as shown: a run of tokens of one document that the model saw at once."""

from app.store.views.base import View


class WindowView(View):
    number: int
    split: str
    document: int
    """Number in the run's corpus."""
    document_title: str
    domain: str
    start: int
    """Offset of the first token in the document, in tokens, without BOS."""
    tokens: list[str]
    token_ids: list[int]
