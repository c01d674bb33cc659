"""Who may come in: accounts, the secrets that let them in, and what they may do where."""
