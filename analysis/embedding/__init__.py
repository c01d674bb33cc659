"""Sentence embeddings, for search by meaning. No torch here: the web side embeds questions."""
