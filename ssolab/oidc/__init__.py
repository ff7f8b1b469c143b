"""OpenID Connect, OAuth and JWT: the protocol on JSON."""
