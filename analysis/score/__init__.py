"""Scores: how well an explanation predicts what was not used to make it. No torch here: the web
side scores what a person writes."""
