"""How large an outline is, and how well it agrees with the truth."""
