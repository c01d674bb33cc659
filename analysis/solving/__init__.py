"""What a model makes of a task: the metric of every prompt, how often it is right, and whether it
can do the task at all. A circuit of what a model cannot do would explain nothing.

`metrics` is arithmetic on logits, `measuring` runs the model, `competence` judges what came of it.
"""
