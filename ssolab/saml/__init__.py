"""SAML 2.0: metadata, messages, bindings, issuing and accepting."""
