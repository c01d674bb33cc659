"""The starter corpus: documents.jsonl.gz, the notices that go with it, and how it was made."""
