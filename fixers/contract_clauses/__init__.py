"""TAP150, contract-clauses: the rule is in `rule.py`."""
