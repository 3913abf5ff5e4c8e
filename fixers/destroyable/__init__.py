"""TAP002, destroyable: the rule is in `rule.py`."""
