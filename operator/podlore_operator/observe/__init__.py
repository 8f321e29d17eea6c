"""The eyes of the operator: a connection to the API server, reflectors on it, and the observer that runs them."""
