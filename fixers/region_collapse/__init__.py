"""TAP001, region-collapse: the rule is in `rule.py`."""
