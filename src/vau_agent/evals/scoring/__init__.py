"""From records to tables, one file a question; `tables.score_records` joins them.

- answers: samples beside their records
- frames: which moments are anomalous?
- segments: when does it happen?
- reflection: what did revising mend, and what did it break?
- texts: the agent's words against the annotators'
- risk: what do wrong risk levels cost?
- levels: in distribution, new sources, new classes
"""
