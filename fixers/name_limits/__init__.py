"""TAP101, name-limits: the rule is in `rule.py`."""
