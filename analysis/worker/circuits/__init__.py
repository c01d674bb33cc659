"""Circuits as jobs: a stored task or one that is made, a search, and what is kept of it."""
