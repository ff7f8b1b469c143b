"""Who trusts what when: the model of a key change and its rehearsal."""
