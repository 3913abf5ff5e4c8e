"""What a prompt states: its sentences, the scopes of "no", "if" and "such as", and the clauses that follow."""
