"""Rules: a short program per unit, fitted to its activations. No language model is asked.

`candidates` says what a rule may ask of a text. `covering` finds exact rules one by one, and
`narrowing` their second conditions; else `pursuit` picks what explains most and `grouping` joins
picks into few rules. `fitting` tries both, sets levels, and claims what calibration bears out.
"""
