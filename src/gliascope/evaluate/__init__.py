"""How well a finished bundle does: what `analyse` would write, held against the truth."""
