"""Explanations that a language model writes, and language models that judge explanations."""
