"""TAP003, timestamp: the rule is in `rule.py`."""
