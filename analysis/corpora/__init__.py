"""Texts: read, de-duplicated, split by document, frozen, and cut into windows.

read_documents ► freeze_corpus ► read_frozen ► cut_windows
(reading.py)     (freezing.py)   (frozen.py)   (cutting.py)
"""
