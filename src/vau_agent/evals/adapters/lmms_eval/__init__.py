"""Tasks and a model for lmms-eval.

- export: a benchmark -> a folder for `--include_path`
- tasks: the functions that its YAML files name
- model: the agent as a model, `--model vau_agent`
"""
