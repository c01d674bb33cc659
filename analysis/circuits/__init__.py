"""Circuits: which neurons and heads make a model do one thing, and how well that is known."""
