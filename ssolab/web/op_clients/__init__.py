"""The ways in which clients authenticate; one function is one of them (`op_table` says how)."""
