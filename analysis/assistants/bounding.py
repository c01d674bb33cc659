"""The beginning of an answer that is an error: enough to tell why, however much or slowly comes.

The client library reads such an answer to its end before anybody can look at its status.
"""

import time
from collections.abc import Iterator

import httpx2

LARGEST_ERROR = 64 << 10
"""Bytes."""
ERROR_SECONDS = 10.0
"""From its status on, and for a silence."""


def bound_errors(response: httpx2.Response) -> None:
    """For the client's hook on responses. Nothing is unpacked: few bytes may become any number."""
    if response.is_success or not isinstance(response.stream, httpx2.SyncByteStream):
        return
    response.headers.pop("content-encoding", None)
    timeout = response.request.extensions.get("timeout")
    if isinstance(timeout, dict):
        timeout["read"] = min(timeout.get("read") or ERROR_SECONDS, ERROR_SECONDS)
    response.stream = _Beginning(response.stream)


class _Beginning(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        end, left = time.monotonic() + ERROR_SECONDS, LARGEST_ERROR
        try:
            for piece in self._stream:
                yield piece[:left]
                left -= len(piece)
                if left <= 0 or time.monotonic() > end:
                    return
        except httpx2.TransportError:
            return  # it was cut off, or fell silent: what came has to do, with the status

    def close(self) -> None:
        self._stream.close()
