"""Tasks on the bus, without a model's time: how many a second, how soon, in how much memory."""
