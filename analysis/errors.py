"""What can be wrong with what the user gave: each error says what happened and what to do."""

from pathlib import Path


class AnalysisError(Exception):
    """Something that the user can do something about."""

    def __init__(self, detail: str, *, hint: str | None = None, where: Path | None = None) -> None:
        """`where` is the file or folder that the detail names."""
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        """What to do next, as a sentence."""
        self._where = where

    @property
    def public(self) -> str:
        """The detail as anybody on the network may read it."""
        return self.without_paths(self.detail)

    def without_paths(self, text: str) -> str:
        """The text with the name alone of the file or folder that this is about."""
        if self._where is None:
            return text
        path = self._where.absolute()
        return text.replace(str(path), path.name)


class ModelError(AnalysisError):
    """A subject model that cannot be loaded, or not trusted, or not understood."""


class CorpusError(AnalysisError):
    """Text that cannot be read, or is not there."""


class SweepError(AnalysisError):
    """A sweep that cannot start or go on."""


class AssistantError(AnalysisError):
    """A language model that cannot be asked as it is set up."""


class BudgetSpent(AssistantError):  # noqa: N818 - a good end, not an error
    """The next call could cost more than is left: the job stops here, with what it has."""


class RecordsError(AnalysisError):
    """A file of neuron records that cannot be read, or not trusted."""


class EditError(AnalysisError):
    """Edits that do not fit the model or the prompt, or contradict each other."""


class TaskError(AnalysisError):
    """Prompts that make no task: not aligned, not one token, too few, or all the same."""
