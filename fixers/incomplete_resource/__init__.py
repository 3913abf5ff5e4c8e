"""TAP004, incomplete-resource: the rule is in `rule.py`."""
