"""The web side's end of the inference service: asks over HTTP, and never loads a model itself."""
