"""Agentic video anomaly understanding with a reflecting multimodal policy."""

import os

# langgraph-checkpoint reads this once, at import: without it, loading a damaged or hostile
# checkpoint may call what it names.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

__version__ = "0.1.0"
