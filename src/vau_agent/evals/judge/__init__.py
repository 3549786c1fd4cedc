"""Judges of open answers: VAU-Eval's five scores by rules or by a model, and pairs both ways round.

- base: what is judged and what a judge says
- words, phrases: the rule-based judge
- prompts/, model: any policy as a judge
- cache: judgements that are paid for once
- pairs: which of two answers is better, asked in both orders
- scoring: records of a run -> a table, floors beside it
- opening: from `phrases` or a policy string to a judge
"""
