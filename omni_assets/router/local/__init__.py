"""The local model: a server on loopback in a process of its own, recognised by its record in the state folder."""
