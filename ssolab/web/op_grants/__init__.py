"""The grants of the token endpoint; one function is one grant (`op_table` says how)."""
