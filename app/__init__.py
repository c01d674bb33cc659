"""Patchclamp's web side: pages, REST and store. Never imports torch."""
