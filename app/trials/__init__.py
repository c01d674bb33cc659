"""Programs as pages show them while somebody waits: tried, simulated, told in words.

`app.programs` reads and scores them; here that becomes views. Nothing is stored.
"""
