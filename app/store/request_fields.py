"""What fields of job requests are held to: requests become rows, file names, and the command that
repeats a run."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.store.slugs import NAMED

LARGEST = 2**31 - 1
"""Of numbers that the store keeps in 32 bits."""
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
SPLIT_KEY = r"^(default|fit|calibration|test|ood(:[A-Za-z0-9._-]{1,60})?)$"
DEVICE = r"^(auto|cpu|mps|cuda(:[0-9]{1,2})?)$"
ONE_LINE = r"^[^\u0000-\u001f\u007f]+$"
MOST_SPLITS = 64
"""A corpus has no more either, or the command of its sweep could not name them all."""
NO_OTHER_KEYS: dict[str, JsonValue] = {"additionalProperties": False}
"""Pydantic describes the pattern of keys, but not that there are no others."""

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Name = Annotated[str, Field(pattern=NAME, max_length=100)]
Slug = Annotated[str, Field(pattern=NAMED, max_length=100)]
SplitKey = Annotated[str, Field(pattern=SPLIT_KEY, max_length=64)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
TokenId = Annotated[int, Field(ge=0, le=LARGEST)]
RunNumber = Annotated[int, Field(ge=1, le=LARGEST)]


class Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
