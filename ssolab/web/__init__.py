"""The pair in flesh: a mock identity provider and service provider, and what plays through them."""
