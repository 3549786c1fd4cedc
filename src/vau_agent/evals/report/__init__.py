"""How tables are shown, and what is drawn from them.

- figures: numbers in words, the same in every form
- markdown: tables for a terminal or a pull request
- document: the one JSON object that `--json` prints
- plots: what can be drawn, as values
- drawing: plots as SVG
- page: one HTML file that opens offline
"""
