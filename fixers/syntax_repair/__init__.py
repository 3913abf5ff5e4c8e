"""TAP102, syntax-repair: the rule is in `rule.py`."""
