"""Recorded answers of a vision-language model in place of a camera.

The agent's own localisation runs over them: no GPU, hundreds of real videos. Only what the model
said reaches the agent; truth, names and classes stay outside.

- recording: the recorded answers of one video, as a `Perception`
- localising: the localisation graph over all videos
- ablation: each step left out, and each against its shuffled control
- tables: what comes of it, beside the published rows and blind ones
- running: the whole, with its folder of records; kept: what else lies in it
"""
