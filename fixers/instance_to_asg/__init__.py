"""TAP005, instance-to-asg: the rule is in `rule.py`."""
