"""How the product grows with the number of runs, and with how long one waits."""
