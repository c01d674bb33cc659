"""Explanations as files that others read and write: one module per format. No torch here.

`formats` names them, `exporting` and `importing` do the work, `record_json` and `fields` are what
the formats share. `circuits` has the same of circuits.
"""
