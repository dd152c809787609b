"""Background loops, and the processes of a deployment."""
