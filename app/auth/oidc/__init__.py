"""Signing in by OpenID Connect: authorization code with PKCE, state and nonce.

`provider` asks the provider, `identity` reads who its ID token says somebody is, `attempt` is what
one browser remembers meanwhile.
"""
