"""Edits of a network while it runs, and what they change.

A request names edits as people write them (`analysis.protocol.edits`); `resolving` turns them into
numbers, `experiment` runs them beside controls and measures, `generation` lets two continuations
go on side by side, `edit_sweep` edits every unit of a site one by one.
"""
