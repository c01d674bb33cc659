"""How torch's threads wait for one another; to be called before torch is first imported.

The OpenMP library lets threads that wait spin. Where another program wants a core too, every
barrier then costs a time slice: on two cores with one other busy process a sweep ran ten times
slower. Sleeping instead costs nothing that can be measured on an idle machine. Whoever sets
OMP_WAIT_POLICY decides otherwise.
"""

import os


def wait_politely() -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
