"""Programs that are tried: read, scored on the pools of a unit, and made into views.

This is where the web side runs what `analysis` knows of programs and scores, in this process and
without torch, so that whoever writes a program sees its score at once, whatever the workers do.
Imported programs are scored here too. A claim that is stored is made here; nothing else is.
"""
