"""Dataclasses as tagged JSON, read strictly: the format in which neuron records are published.

Each object names its class in `dataclass_name`. Objects without it are read as what their place
demands, as the format's own reader does; a wrong name, a missing or unknown field, or a value of
the wrong kind is an error that says where. Numbers must be finite: null stands for undefined, where
the field allows it.
"""

import json
import math
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from analysis.errors import RecordsError

TAG = "dataclass_name"
MOST_SHOWN = 60
"""Characters of a wrong value."""

Record = TypeVar("Record")


def loads(text: str, record: type[Record]) -> Record:
    """One record from its JSON.

    Raises:
        RecordsError: it is no JSON, or not that record; says where.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        found: Record = _decode(record, value, record.__name__)
    except RecursionError:
        raise RecordsError("The JSON is nested too deeply to be a neuron record.") from None
    except ValueError as error:  # also numbers of thousands of digits
        raise RecordsError(f"This is no JSON: {error}.") from error
    return found


def dumps(record: Any) -> str:  # noqa: ANN401 - any of the dataclasses
    """The record as one line of JSON, plain ASCII, tagged throughout.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(_encode(record), allow_nan=False)


def _decode(hint: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - whatever the hint says
    origin = get_origin(hint)
    if origin is UnionType:
        (inner,) = (kind for kind in get_args(hint) if kind is not NoneType)
        return None if value is None else _decode(inner, value, place)
    if origin is tuple:
        return _decode_list(get_args(hint)[0], value, place)
    if origin is Literal:
        if value not in get_args(hint):
            raise _wrong(place, f"one of {', '.join(get_args(hint))}", value)
        return value
    if is_dataclass(hint):
        return _decode_object(hint, value, place)
    return _decode_plain(hint, value, place)


def _decode_plain(kind: type, value: Any, place: str) -> Any:  # noqa: ANN401 - JSON
    if kind is str:
        if not isinstance(value, str):
            raise _wrong(place, "text", value)
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(place, "a number", value)
    if kind is int:
        if not isinstance(value, int) or value < 0:
            raise _wrong(place, "a whole number from 0 up", value)
        return value
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _wrong(place, "a finite number", value)
    return number


def _decode_list(inner: Any, value: Any, place: str) -> tuple[Any, ...]:  # noqa: ANN401 - a hint
    if not isinstance(value, list):
        raise _wrong(place, "a list", value)
    return tuple(_decode(inner, item, f"{place}[{at}]") for at, item in enumerate(value))


def _decode_object(record: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - a dataclass
    if not isinstance(value, dict):
        raise _wrong(place, f"an object {record.__name__}", value)
    if value.get(TAG, record.__name__) != record.__name__:
        raise _wrong(f"{place}.{TAG}", record.__name__, value[TAG])
    hints = _hints(record)
    if unknown := sorted(set(value) - set(hints) - {TAG}):
        raise RecordsError(
            f"{place} has unknown fields: {', '.join(unknown)[:MOST_SHOWN]}.",
            hint="Remove them, or keep them in a file beside it.",
        )
    needed = {f.name for f in fields(record) if f.default is MISSING}
    if missing := sorted(needed - set(value)):
        raise RecordsError(f"{place} lacks {', '.join(missing)}.")
    decoded = {
        name: _decode(hint, value[name], f"{place}.{name}")
        for name, hint in hints.items()
        if name in value
    }
    try:
        return record(**decoded)
    except RecordsError as error:
        raise RecordsError(f"{place}: {error.detail}") from error


def _encode(value: Any) -> Any:  # noqa: ANN401 - JSON
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
        return {TAG: type(value).__name__} | content
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value


@cache
def _hints(record: type) -> dict[str, Any]:
    return get_type_hints(record)


def _wrong(place: str, wanted: str, value: object) -> RecordsError:
    shown = repr(value)
    if len(shown) > MOST_SHOWN:
        shown = shown[:MOST_SHOWN] + "…"
    return RecordsError(f"{place} must be {wanted}, not {shown}.")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number; write null for what is undefined")
