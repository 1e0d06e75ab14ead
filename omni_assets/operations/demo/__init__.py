"""The story in a minute: chapters that run on a broker of their own, in a folder of their own, and leave nothing."""
