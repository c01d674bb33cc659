"""Tasks: what a circuit is found on. Pairs of prompts with a metric, made for the tokenizer of any
model or read from a file, and divided into finding and held-out prompts. No torch here: whether a
model can do a task is measured in `analysis.solving`.
"""
