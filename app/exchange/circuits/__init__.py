"""Circuits as files that others read and write: one module per format.

    attribution_graph    what circuit-tracer makes and Neuronpedia shows: read and written
    eap_ig               what EAP-IG and MIB read: written

`formats` names those that are written, `importing` brings a file into the store.
"""
