"""`vau-agent train`: clips of rendered scenes, and the stages that learn from them."""
