"""What is measured on pictures, one file per family of cues; numpy only."""
