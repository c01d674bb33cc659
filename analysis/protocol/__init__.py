"""What the web side and the inference service say to each other, and nothing else: no torch.

Every message is a frozen Pydantic model. What is wrong with one in itself (a strength of NaN, a
site that is no site) is refused here; what only the model knows (how many layers it has, how long
the prompt is in tokens) is refused where the model is.
"""
