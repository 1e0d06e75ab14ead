"""Manifests as AsyncAPI 3.0 documents, and such documents as what a contract can state. Pure."""
