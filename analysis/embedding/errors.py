"""What can be wrong with a folder that should hold an embedding model."""

from analysis.errors import AnalysisError


class EmbeddingError(AnalysisError):
    """An embedding model that cannot be read, or is of another kind."""
