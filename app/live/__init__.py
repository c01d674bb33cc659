"""Asked of the loaded model: live activations, experiments, sweeps of edits, search by text.

The inference service knows no store: whoever asks through here has the model, the statistics of its
units and reference windows added, and experiments kept.
"""
