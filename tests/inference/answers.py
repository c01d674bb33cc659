"""Parts of answers where nothing was computed."""

from analysis.protocol.experiments import Ran

RAN = Ran(
    dtype="float32",
    device="cpu",
    code_version="tests",
    torch_version="0",
    queue_ms=0.0,
    model_ms=0.0,
    clean_reused=False,
)
