"""What does exist: a broker, observed, written to and, locally, started. The only room that knows Kafka's client."""
