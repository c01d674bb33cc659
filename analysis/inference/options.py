"""How one service is set up; whoever starts it knows the settings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import torch

MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True)
class Options:
    secret: str = field(repr=False)
    """Without it nothing but `healthz` is answered."""
    dtype: torch.dtype
    device: torch.device
    cache: Path
    """Keeps converted models."""
    code_version: str
    memory: int
    """Bytes that weights of loaded models may take."""
    queue: int = 32
    """Requests that may wait while one is computed."""
    seconds: float = 120.0
    """From when the model is loaded, waiting included."""
    sweep_seconds: float = 1800.0
    """The same for operations that take minutes."""
    load_seconds: float = 600.0
    """So long a request waits for its model."""
    stuck_seconds: float = 30.0
    """So long a computation may go on after its request ended, before it counts as stuck."""
    restart_seconds: float = 120.0
    """After so long a service that is started again when it ends does so."""
    trace_bytes: int = 512 * MEBIBYTE
    """That the clean runs kept of each loaded model may take, beside its weights."""
    array_bytes: int = 256 * MEBIBYTE
    body_bytes: int = 16 * MEBIBYTE
