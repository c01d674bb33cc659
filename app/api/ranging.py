"""A stored array as an answer: whole or the asked-for range, as it is or with NumPy's header.

One range is understood, as for continuing a download; several at once are answered with the whole
file, which the standard allows. The tag is the content's checksum, so a range after `If-Range`
never mixes two files.
"""

import io
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.problems import answer_problem
from app.store.queries.bulk import ArtifactFile

CHUNK: Final = 1 << 18
ONE_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def answer_file(request: Request, file: ArtifactFile, form: Literal["npy", "raw"]) -> Response:
    asked = request.headers
    before = _numpy_header(file) if form == "npy" else b""
    total = len(before) + file.n_bytes
    tag = f'"{file.sha256}{".npy" if form == "npy" else ""}"'
    ending = "npy" if form == "npy" else file.dtype
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Encoding": "identity",  # or a range would be one of the compressed file
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{file.name}.{ending}"',
    }
    if form == "raw":
        headers["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(file.sha256)).decode()}:"
    if tag in [given.strip() for given in asked.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    chosen = _range(asked, tag, total)
    if chosen is None:
        return _stream(file, before, 0, total, 200, headers)
    start, stop = chosen
    if start >= stop:
        return answer_problem(
            request,
            416,
            f"The file has {total:,} bytes; the range that was asked for lies outside.",
            hint="Ask for bytes from 0 on, or for the whole file.",
            headers={"Content-Range": f"bytes */{total}"},
        )
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{total}"
    return _stream(file, before, start, stop, 206, headers)


def _stream(
    file: ArtifactFile, before: bytes, start: int, stop: int, status: int, headers: dict[str, str]
) -> Response:
    return StreamingResponse(
        _read(file, before, start, stop),
        status_code=status,
        media_type="application/octet-stream",
        headers={**headers, "Content-Length": str(stop - start)},
    )


def _read(file: ArtifactFile, before: bytes, start: int, stop: int) -> Iterator[bytes]:
    if start < len(before):
        yield before[start : min(stop, len(before))]
    at, end = max(0, start - len(before)), stop - len(before)
    if end <= at:
        return
    with file.path.open("rb") as content:
        content.seek(at)
        while at < end and (piece := content.read(min(CHUNK, end - at))):
            at += len(piece)
            yield piece


def _range(asked: Headers, tag: str, total: int) -> tuple[int, int] | None:
    """The half-open range asked for; None where the whole is meant; empty where none fits."""
    found = ONE_RANGE.fullmatch(asked.get("range", "").replace(" ", ""))
    if found is None or asked.get("if-range", tag) != tag:
        return None
    first, last = found.groups()
    if first:
        stop = min(total, int(last) + 1) if last else total
        return (int(first), stop) if not last or int(last) >= int(first) else None
    return (max(0, total - int(last)), total) if last else None


def _numpy_header(file: ArtifactFile) -> bytes:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header,
        {
            "descr": np.dtype(file.dtype).newbyteorder("<").str,
            "fortran_order": False,
            "shape": file.shape,
        },
    )
    return header.getvalue()
