"""The commands `records explain` and `records score`: neuron records without a model."""
