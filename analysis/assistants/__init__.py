"""Language models that we ask: any OpenAI-compatible endpoint, its costs and its failures."""
