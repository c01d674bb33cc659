"""Glossary of axis names for jaxtyping annotations.

batch     windows that go through the model together
pos       token position in a window (0 is the first token, BOS where the model has one)
d_model   width of the residual stream
neuron    MLP neurons of one layer (the input of the down projection)
head      attention heads of one layer
d_head    width of one head
vocab     token ids
unit      neurons or heads of one site
window    windows of a pool or sample
bin       bins of a histogram
document  documents of a pool, or groups of them, whichever are resampled as one
replicate resamples of documents
token     counted tokens, or the token ids that a table lists
case      windows or marks that a judge is asked about
top       windows that make a unit fire most
metric    scores, in the order of METRICS
column    a score, the ends of its interval and its baselines
id        some token ids
dim       dimensions of a token space
place     positions of all windows laid end to end
byte      bytes of a text
source    positions that are read from: those of the window, and those remembered before it
row       rows of a batch whose windows are those of another
value     single values that are changed, in whatever row, position and unit
layer     layers, first to last
next      tokens of a window that follow another: all but the first
annotator people who judge
item      what is judged
width     numbers that make one value: 1 of a neuron, d_head of a head, d_model of the stream
"""

AXES = (
    "batch", "pos", "d_model", "neuron", "head", "d_head", "vocab", "unit", "window", "bin",
    "document", "replicate", "token", "case", "top", "metric", "column",
    "id", "dim", "place", "byte", "source", "row", "value", "layer", "next", "width",
    "annotator", "item",
)  # fmt: skip
