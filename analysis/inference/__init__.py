"""The inference service: loaded subject models behind HTTP, for whoever waits for an answer.

It knows no store. Requests and answers are the messages of `analysis.protocol`; what is computed is
in `analysis.interventions` and `analysis.live`, and listed in `operations`.
"""
