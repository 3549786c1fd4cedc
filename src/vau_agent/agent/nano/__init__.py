"""The policy that ships with the project: assembled from public parts and a small adapter."""
