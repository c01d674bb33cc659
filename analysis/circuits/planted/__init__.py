"""Transformers whose circuits are known, because they were written: what finding is judged by.

`kinds` lists what can be planted, one function each; `truth` is what such a function says. The
weights are drafted on `wiring` and `heads`, and the prompts are laid out by `prompts`.
"""
