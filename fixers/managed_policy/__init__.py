"""TAP105, managed-policy: the rule is in `rule.py`."""
