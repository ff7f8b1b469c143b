"""Rehearse and validate single sign-on certificate changes: every module path below is the API."""
