"""Whatever a text holds, tables give it back."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exchange.formats import FORMATS, TABLES
from app.exchange.input import InputFile
from app.store.portable import ExplanationRecord

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60)
STARTS = st.sampled_from(["", "=", "'", "''", "-", "@", '"', "\r", "\n", "\r\n", "\t", "\ufeff"])
RECORDS = st.lists(
    st.builds(
        ExplanationRecord,
        model=st.just("toy"),
        site=st.just("mlp.0"),
        index=st.integers(0, 2**31 - 1),
        text=st.builds(str.__add__, STARTS, TEXTS),
        program=st.none() | st.builds(str.__add__, STARTS, TEXTS),
        method=st.sampled_from(["rules", "hand", "import"]),
        author=st.builds(str.__add__, STARTS, TEXTS),
        bits=st.none() | st.floats(0, 1e300),
        n_rules=st.none() | st.integers(0, 1000),
        n_listed=st.none() | st.integers(0, 1000),
        created_at=st.none()
        | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - their zone is the next argument
        details=st.just({}),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("form", TABLES)
@settings(max_examples=60)
@given(records=RECORDS)
def test_what_was_encoded_is_read_back(form: str, records: list[ExplanationRecord]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        path.write_bytes(b"".join(TABLES[form].encode(records)))
        rows = FORMATS[form].read(InputFile(path, "table"))
        assert [one for row in rows for one in row.parse()] == records
