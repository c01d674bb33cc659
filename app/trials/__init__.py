"""Programs tried while somebody waits: read, run on the unit's pools, scored. Nothing is stored.

The web side does this itself, through those rooms of the analysis that need no torch, so that it
answers within a second even while a worker sweeps. No other part of `app` knows the analysis.
"""
