"""Each metric once, its convention named; pure functions of arrays and values.

- frames: frame-level AUC and AP, within-video AUC, recall at a false-alarm rate
- intervals: temporal IoU and what is built on it: mIoU, R@tau, event F1, mAP
- labels: accuracy, F1, multi-class and multiple-choice accuracy
- text: BLEU, METEOR, ROUGE
- calibration: ECE, Brier score, reliability
- reflection: fixed, broken, net points, echo, consistency
- risk: asymmetric costs (our reading of Vad-R1-Plus)
- cost: calls, tokens, seconds per hour of video
"""
