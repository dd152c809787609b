"""Functions: running other people's code beside the server, and what is said to it and by it."""
