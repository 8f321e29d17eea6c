"""The ``podlore lab`` commands."""
