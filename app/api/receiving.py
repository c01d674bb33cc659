"""Files that are sent as the body of a request: to the disk as they come, and read from there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated, Any, Final

import anyio
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from app.errors import BadRequestError, LeftError, SlowError, UnavailableError
from app.exchange.output import FULL
from app.exchange.uploads import SURE_SECONDS, Uploads
from app.places import Places

FOLDER: Final = "uploads"
MOST: Final = 2
"""Files that are read at once: each takes several times its size in memory."""
MOST_AT_ONCE: Final = 8
"""Files that arrive at once: each may fill 128 MiB of the disk."""
BODY_SECONDS: Final = SURE_SECONDS
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "description": "The file, compressed with gzip or not.",
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def reading_places() -> Places:
    return Places(MOST, told="files are being read", hint="Wait until one of them is.")


def receiving_places() -> Places:
    return Places(
        MOST_AT_ONCE, told="files are being received", hint="Wait until one of them is there."
    )


@dataclass(frozen=True)
class Reception:
    """Where files arrive."""

    uploads: Uploads
    places: Places


@asynccontextmanager
async def received(
    request: Request, reception: Reception, *, most: int | None = None
) -> AsyncIterator[Path]:
    """The body as a file, gone once the block is over unless it was moved away.

    BadRequestError: it is of more than `most` bytes, those that were announced; TooManyError: too
    many arrive; SlowError: it took too long; LeftError: the sender has left; UnavailableError: the
    disk is full.
    """
    reception.uploads.sweep()
    folder = reception.uploads.folder
    with reception.places.taken():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=folder, prefix="part-", delete=False) as file:
                path = Path(file.name)
                try:
                    await _write(request, file, most)
                except BaseException:
                    path.unlink(missing_ok=True)
                    raise
        except TimeoutError:
            raise SlowError(
                f"The body was not there after {BODY_SECONDS:,.0f} seconds.",
                hint="Send it compressed with gzip, or import it where it lies: patchclamp "
                "circuits import.",
            ) from None
        except OSError as error:
            full = error.errno in FULL
            raise UnavailableError(
                "The file cannot be kept: "
                + ("the disk is full." if full else "the data folder refuses it."),
                hint="Free some space, and send it again." if full else "See the server's log.",
            ) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _write(request: Request, file: IO[bytes], most: int | None) -> None:
    n_bytes = 0
    with anyio.fail_after(BODY_SECONDS):
        try:
            async for part in request.stream():
                n_bytes += len(part)
                if most is not None and n_bytes > most:
                    raise BadRequestError(
                        f"More bytes were sent than the {most:,} that were announced.",
                        hint="Announce the size of the body as it is sent, compressed where it is.",
                    )
                file.write(part)
        except ClientDisconnect:
            raise LeftError("Whoever sent the file has left before it was there.") from None


async def get_uploads(request: Request) -> Uploads:
    uploads: Uploads = request.app.state.uploads
    return uploads


async def get_reception(request: Request) -> Reception:
    return Reception(request.app.state.uploads, request.app.state.receptions)


AnnouncedFiles = Annotated[Uploads, Depends(get_uploads)]
ReceptionOfFiles = Annotated[Reception, Depends(get_reception)]
