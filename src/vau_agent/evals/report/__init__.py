"""How tables are shown, and what is drawn from them.

- figures: numbers in words, the same in every form
- markdown: tables for a terminal or a pull request
- document: the one JSON object that `--json` prints
- plots: what can be drawn, as values
- plotting: plots made from what was scored
- drawing: plots as SVG (squares: with two axes; lanes: line by line; canvas: axes and shapes)
- beside_blind: whether a figure clears those that need no video
- page: one HTML file that opens offline
"""
