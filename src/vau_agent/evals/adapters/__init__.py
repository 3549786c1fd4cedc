"""Other harnesses that call the agent, each imported by nobody but itself.

- cases: a benchmark's samples as a harness carries them, and the score of a reply
- verdicts: the JSON object in which a verdict travels
- asking: the agent, asked about one video under a name that tells nothing
- inspect_tasks: tasks, solver and scorers for Inspect (inspect_ai)
- lmms_eval/: tasks and a model for lmms-eval
"""
