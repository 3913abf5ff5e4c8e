"""TAP008, ami-variable: the rule is in `rule.py`."""
