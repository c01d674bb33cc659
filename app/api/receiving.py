"""Files that are sent as the body of a request: to the disk as they come, and read from there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from app.dependencies import AppSettings
from app.errors import UnavailableError
from app.exchange.output import FULL
from app.exchange.uploads import Uploads
from app.places import Places

FOLDER: Final = "uploads"
MOST: Final = 2
"""Files that are read at once: each takes several times its size in memory."""
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


@asynccontextmanager
async def received(request: Request, folder: Path) -> AsyncIterator[Path]:
    """The body as a file, gone once the block is over unless it was moved away. UnavailableError:
    the disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, prefix="part-", delete=False) as file:
            path = Path(file.name)
            try:
                async for part in request.stream():
                    file.write(part)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
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


async def get_folder(settings: AppSettings) -> Path:
    return settings.data / FOLDER


async def get_uploads(request: Request) -> Uploads:
    uploads: Uploads = request.app.state.uploads
    return uploads


async def get_reading_places(request: Request) -> Places:
    places: Places = request.app.state.readings
    return places


UploadFolder = Annotated[Path, Depends(get_folder)]
AnnouncedFiles = Annotated[Uploads, Depends(get_uploads)]
ReadingPlaces = Annotated[Places, Depends(get_reading_places)]
