"""TAP103, misnamed-argument: the rule is in `rule.py`."""
