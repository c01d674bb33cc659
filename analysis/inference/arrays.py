"""Arrays that were sent, kept by digest; those not used for longest go when there is no room."""

from collections import OrderedDict
from threading import Lock

import numpy as np

from analysis.interventions.surroundings import MissingArray


class ArrayShelf:
    """Put to on the event loop, read by the thread that computes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._arrays: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = Lock()

    def put(self, digest: str, array: np.ndarray) -> None:
        with self._lock:
            self._arrays[digest] = array
            self._arrays.move_to_end(digest)
            while len(self._arrays) > 1 and self.n_bytes > self._most:
                self._arrays.popitem(last=False)

    def get(self, digest: str) -> np.ndarray:
        """MissingArray: it was never sent, or has gone."""
        with self._lock:
            if digest not in self._arrays:
                raise MissingArray(digest)
            self._arrays.move_to_end(digest)
            return self._arrays[digest]

    @property
    def n_bytes(self) -> int:
        return sum(array.nbytes for array in self._arrays.values())
