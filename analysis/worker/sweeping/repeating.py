"""The command that runs a sweep again: every choice that was left open is in it as it was made."""

from typing import Any

import torch

from analysis.corpora.windows import Windows
from analysis.worker.provenance import command
from app.store.requests import SweepRequest
from app.store.sampling import amounts_of


def resolved(
    request: SweepRequest,
    windows: Windows,
    *,
    dtype: torch.dtype,
    device: torch.device,
    bos: int | None,
) -> SweepRequest:
    """The request with what was chosen in place of `auto`, and what was found of `all`."""
    return SweepRequest.model_validate(
        request.model_dump()
        | {
            "dtype": str(dtype).removeprefix("torch."),
            "device": str(device),
            "bos": "never" if bos is None else bos,
            "max_windows": {split: count.taken for split, count in windows.counts.items()},
            "sampling": {split: amounts_of(request, split)._asdict() for split in windows.splits},
        }
    )


def command_of(request: SweepRequest) -> str:
    """The command line that asks for exactly this."""
    given = request.model_dump(exclude={"kind"})
    return command(
        "sweep", {name.replace("_", "-"): _texts(value) for name, value in given.items()}
    )


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - any value of a request
    if isinstance(value, bool):
        return [str(value).lower()]
    if not isinstance(value, dict):
        return [str(value)]
    return [
        f"{key}:{','.join(f'{name}={number}' for name, number in inner.items())}"
        if isinstance(inner, dict)
        else f"{key}={inner}"
        for key, inner in value.items()
    ]
