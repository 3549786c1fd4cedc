"""Each metric once, its convention named; pure functions of arrays and values.

- frames: frame-level AUC and AP, within-video AUC, recall at a false-alarm rate
- intervals: temporal IoU and what is built on it: mIoU, R@tau, event F1, mAP
- labels: accuracy, F1, multi-class and multiple-choice accuracy
- options: the order options are shown in, and which one a text chooses
- answers: Video-R1's scores of numbers, written and free text
- text: BLEU, METEOR, ROUGE
- calibration: ECE, Brier score, reliability
- reflection: fixed, broken, net points, points ratio
- echo: whether a reflection says anything new (our reading of AEPO)
- consistency: whether reasoning leads to the answer given
- risk: asymmetric costs (our reading of Vad-R1-Plus)
- cost: calls, tokens, seconds per hour of video
- curves: scores read, filled in, mixed and smoothed as LAVAD and VERA do
"""
