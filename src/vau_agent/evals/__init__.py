"""What is measured: metrics, benchmarks, the runner, and tables that carry their own doubts.

- samples: what a benchmark gives: samples with their truth, and the gaps it has
- records: what a run leaves of each sample
- tables: rows of estimates with intervals, blind rows beside them
- metrics/: each metric once, its convention named
- benchmarks/: one file per annotation format
- formats/: one file per published format of predictions
- runner, store: samples x policy -> records, kept in a folder
- scoring/: records -> tables
- blind/: rows that never see a video
- significance: bootstrap and McNemar
- compare: two runs, paired
- report/: Markdown, JSON and HTML
- replay/: recorded answers of a model in place of a camera
- judge/: VAU-Eval's five scores
- adapters/: other harnesses that call the agent
"""
