"""Predictions as others publish them, scored by the published rules and by mended ones.

- base: what a format is
- registry: every format by name
- files, matlab: reading files of predictions; truths: which benchmark a truth belongs to
- corevad, sultani_roc, qvhighlights (queries, highlights), smarthome, keyword_captions: one each
- vau_bench: VAU-R1's answers (vau_answers, vau_grounding), by the rules in vau_r1
- frame_scores, intervals: of any method; frame_truth: labels of frames
- vau_records: of our own runs
"""
