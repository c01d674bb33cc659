"""What an explanation is worth when it takes its unit's place, or when the unit is moved: runs of
an edited network on text of the test split.

`windows` says where the runs look, `outputs` what two outputs have to do with each other, `edits`
runs many edits of one site on the same text, `standing_in` makes the edits of a unit and of a whole
site, `steering` those that hold a unit beyond its mean. What is made of the sums: `score.causal`.
"""
