"""Runs a policy behind any OpenAI-style server: vLLM, SGLang, llama.cpp, Ollama, or a cloud."""
