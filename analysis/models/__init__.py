"""Loading of subject models and recording of their activations."""

from analysis.models.conversion import convert_gguf
from analysis.models.dtypes import DtypeChoice, LayerShape, choose_dtype
from analysis.models.loading import detect_kind, load_model
from analysis.models.plain import load_plain, save_plain
from analysis.models.subject import Progress, Recorder, SourceKind, SubjectModel

__all__ = [
    "DtypeChoice",
    "LayerShape",
    "Progress",
    "Recorder",
    "SourceKind",
    "SubjectModel",
    "choose_dtype",
    "convert_gguf",
    "detect_kind",
    "load_model",
    "load_plain",
    "save_plain",
]
