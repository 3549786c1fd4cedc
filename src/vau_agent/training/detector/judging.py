"""What a network says of clips that it is not learning from."""

from collections.abc import Sequence

import numpy as np
import torch

from vau_agent.tools.detection import Detection
from vau_agent.training.clips import Clip
from vau_agent.training.detector.network import DetectorNetwork


def judge_clips(
    network: DetectorNetwork, clips: Sequence[Clip], *, batch: int = 16
) -> list[Detection]:
    """Give the probability of every class in every bin of each clip, in order."""
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    found: list[Detection] = []
    with torch.inference_mode():
        for first in range(0, len(clips), batch):
            part = [clips[place] for place in range(first, min(first + batch, len(clips)))]
            pictures = torch.from_numpy(np.stack([clip.pictures for clip in part]))
            logits = network(pictures.to(device))[0]
            rows = logits.float().softmax(dim=-1).cpu().numpy()
            found += [
                Detection(edges=clip.boundaries, probabilities=row, classes=network.config.classes)
                for clip, row in zip(part, rows, strict=True)
            ]
    network.train(was_training)
    return found
