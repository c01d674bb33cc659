"""How many bytes the rows of a Parquet table become, known before they become them.

A text that stands once in a dictionary and a million times as a number is small in a file and large
in memory. Texts are therefore read as dictionaries; from these the size of every row follows.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.exchange.faults import FileFaultError, Where
from app.exchange.input import LONGEST_LINE

NUMBER: Final = 8
"""Bytes that anything but a text counts for."""
LARGEST_GROUP: Final = 2**28
"""Of a row group, as it is in the file without compression, and as it is in memory."""
MOST_VALUES: Final = 2_000_000
"""Of one column in one row group, those within lists included."""
LONGEST_ROW: Final = LONGEST_LINE
BYTES_AT_ONCE: Final = 2**26
HINT: Final = "Write the file again with smaller row groups."


def check_group(where: Where, group: Any, names: tuple[str, ...]) -> None:  # noqa: ANN401 - pyarrow has no types
    """By what the file says of itself, before anything of it is read."""
    if group.total_byte_size > LARGEST_GROUP:
        raise FileFaultError(
            where,
            f"a row group of {group.total_byte_size:,} bytes; at most {LARGEST_GROUP:,} are read "
            "at once",
            hint=HINT,
        )
    for number in range(group.num_columns):
        column = group.column(number)
        if column.path_in_schema.partition(".")[0] in names and column.num_values > MOST_VALUES:
            raise FileFaultError(
                where.at(column.path_in_schema),
                f"{column.num_values:,} values in one row group; at most {MOST_VALUES:,} are read "
                "at once",
                hint=HINT,
            )


def check_type(where: Where, kind: Any) -> None:  # noqa: ANN401 - pyarrow has no types
    """Of a column or of what is in it: texts and numbers, and lists and structures of them."""
    from pyarrow import types

    if types.is_struct(kind):
        for number in range(kind.num_fields):
            check_type(where.at(kind.field(number).name), kind.field(number).type)
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_dictionary(kind):
        check_type(where, kind.value_type)
    elif not (_is_text(kind) or types.is_primitive(kind) or types.is_null(kind)):
        raise FileFaultError(where, f"expected texts or numbers, found a column of {kind}")


def sizes_of(array: Any) -> NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    """Bytes of each of its values."""
    from pyarrow import types

    kind = array.type
    if types.is_dictionary(kind):
        if not _is_text(kind.value_type):
            return np.full(len(array), NUMBER, np.int64)
        known = np.append(_lengths(array.dictionary), 0)  # the last: nothing is there
        places: NDArray[np.int64] = (
            array.indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)
        )
        return np.asarray(known[places], np.int64)
    if _is_text(kind):
        return _lengths(array)
    if types.is_struct(kind):
        sizes = np.full(len(array), NUMBER, np.int64)
        for number in range(kind.num_fields):
            sizes += sizes_of(array.field(number))
        return sizes
    if types.is_list(kind) or types.is_large_list(kind):
        until = np.append(0, sizes_of(array.values).cumsum())
        within = np.diff(until[array.offsets.to_numpy(zero_copy_only=False)])
        return np.asarray(within + NUMBER, np.int64)
    return np.full(len(array), NUMBER, np.int64)


def _lengths(texts: Any) -> NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    import pyarrow.compute as pc

    lengths = pc.binary_length(texts).fill_null(0).to_numpy(zero_copy_only=False)
    return np.asarray(lengths, np.int64) + NUMBER


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))
