"""How far people agree, what most of them say, and whether scores say it beforehand."""
