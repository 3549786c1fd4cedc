"""Reading video: one protocol, several readers, always in a sandboxed child."""
