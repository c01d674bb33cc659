"""Full text, tokens and meaning over explanations and units: how `app.store.queries.search` finds.

Words are cut and folded here, the same for both databases. The index lies in the order of keys
that say how well an explanation was tested, so that the best of very many are found first.
"""
