"""One file per kind of source; `analysis.corpora.reading` holds the registry."""
