"""Benchmarks of the analysis: `patchclamp bench NAME`."""
