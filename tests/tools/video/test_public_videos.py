import json
from pathlib import Path

import pytest

from vau_agent.tools.video.factory import open_video

DATA = Path(__file__).parents[3] / "../shared/data"
MANIFEST = DATA / "manifest.json"
CLIPS = json.loads(MANIFEST.read_text()) if MANIFEST.is_file() else []


@pytest.mark.slow
@pytest.mark.skipif(not CLIPS, reason="the public validation clips are not at ../shared/data")
@pytest.mark.parametrize("clip", CLIPS, ids=range(len(CLIPS)))
def test_a_public_clip_decodes_to_its_last_frame(clip: dict[str, object]) -> None:
    with open_video(DATA / str(clip["file"])) as reader:
        assert reader.info.frame_count == clip["frames"]
        times = [frame.timestamp for frame in reader.frames(longest_side=64)]
        assert len(times) == clip["frames"]
        assert times == sorted(times)
        assert reader.info.warnings == ()
