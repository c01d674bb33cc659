"""Compresses answers with gzip.

A neuron's page has 220 kB. ISA-L makes 54 kB of them in a fifth of the time that zlib takes for the
same size, which is less than handing them to another thread; where there is none for the machine,
zlib does it.
"""

import zlib
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware, GZipResponder
from starlette.types import Receive, Scope, Send

from app.deflating import deflating

LEVEL: Final = 2
GZIP: Final = 16 + zlib.MAX_WBITS
IN_THREAD: Final = 128 * 1024 if deflating is zlib else 2**20
"""Bytes from which on another thread compresses."""


class CompressingMiddleware(GZipMiddleware):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = Headers(scope=scope).get("accept-encoding", "") if "headers" in scope else ""
        if scope["type"] != "http" or "gzip" not in accepted:
            await super().__call__(scope, receive, send)
            return
        responder = _Responder(
            self.app,
            self.minimum_size,
            LEVEL,
            thread_minimum_size=IN_THREAD,
            exclude_content_types=self.exclude_content_types,
        )
        await responder(scope, receive, send)


class _Responder(GZipResponder):
    @property
    def compressor(self) -> Any:  # noqa: ANN401 - of whichever module there is
        if self._compressor is None:
            self._compressor = deflating.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        return self._compressor
