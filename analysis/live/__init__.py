"""What a loaded model says of a text at once: its tokens, activations, and what fires most."""
