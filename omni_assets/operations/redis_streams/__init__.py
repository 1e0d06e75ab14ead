"""Redis Streams, from which records come into topics: what is there, whose topic it should be, and how it gets there.

Redis is only ever read: what is left behind there is somebody else's to delete.
"""
