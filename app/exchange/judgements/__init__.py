"""Judgements as files: written raw or as consensus, and brought in from elsewhere."""
