"""The deviations that the lab can send on purpose: mistakes of partners, and attacks that receivers must refuse."""
