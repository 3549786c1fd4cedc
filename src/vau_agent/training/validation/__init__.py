"""How good a trained policy is: the agent's own dialogue on held-out clips, many at once.

- shown: what is put before a policy, from rendered scenes or from real videos
- dialogue: first answer, reflection, revision, through the agent's policy code
- writing: many completions at once with a model folder
- accepting: how sure a reflection is of the answer that it judges
- answering: dialogues to records, kept as they finish
- rows: what is compared
- blind: what scores without looking, fitted on scenes of training
- figures, verdicts, tables: from records to figures
- running: all of it
- pages: what is left to read
"""
