"""How torch's threads wait for one another; to be called before torch and numba are first
imported.

The OpenMP library lets threads that wait spin. Where another program wants a core too, every
barrier then costs a time slice: on two cores with one other busy process a sweep ran ten times
slower. Sleeping instead costs nothing that can be measured on an idle machine. Whoever sets
OMP_WAIT_POLICY decides otherwise.
"""

import os


def wait_politely(n_threads: int | None = None) -> None:
    """Also hold the compiled kernels to so many threads; torch is told by itself."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if n_threads is not None:
        os.environ.setdefault("NUMBA_NUM_THREADS", str(n_threads))
