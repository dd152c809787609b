"""The one way out: what the server fetches from an address that somebody else chose (threat model E-01)."""
