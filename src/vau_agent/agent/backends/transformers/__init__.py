"""Runs any image-text-to-text model of Hugging Face's library in this process."""
