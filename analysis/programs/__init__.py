"""Programs: explanations that can be run. No torch here: the web side runs them too."""
