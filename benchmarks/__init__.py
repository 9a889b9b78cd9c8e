"""Side-by-side measurements of speed; `make bench` runs them all."""
