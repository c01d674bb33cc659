"""Rules: a short program per unit, fitted to its activations. No language model is asked.

`candidates` says what a rule may ask of a text, `pursuit` picks what explains most, `grouping` joins
picks into few rules, `fitting` sets their levels and gives up what calibration does not bear out.
"""
