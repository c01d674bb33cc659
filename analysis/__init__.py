"""Patchclamp's analysis: everything that needs torch or numpy."""
