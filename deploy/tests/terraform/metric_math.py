"""CloudWatch's metric math for one minute, as far as the modules use it.

A metric without a value is None. What CloudWatch does with it: an operator on a missing value gives none, a division by
zero gives none, FILL stands in for it, IF takes the branch of its condition.
"""

import ast
import operator
import re

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Eq: operator.eq,
}  # fmt: skip


def evaluate(expression, **metrics):
    python = re.sub(r"\bOR\b", "or", re.sub(r"\bAND\b", "and", expression)).replace("IF(", "IF_(")
    return value(ast.parse(python, mode="eval").body, metrics)


def value(node, metrics):
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return metrics[node.id]
        case ast.BinOp():
            return apply(OPERATORS[type(node.op)], value(node.left, metrics), value(node.right, metrics))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            result = apply(OPERATORS[type(op)], value(left, metrics), value(right, metrics))
            return None if result is None else int(result)
        case ast.BoolOp():
            values = [value(part, metrics) for part in node.values]
            every = isinstance(node.op, ast.And)
            return None if None in values else int(all(values) if every else any(values))
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, default]):
            found = value(metric, metrics)
            return value(default, metrics) if found is None else found
        case ast.Call(func=ast.Name(id="IF_"), args=[condition, yes, no]):
            decided = value(condition, metrics)
            return None if decided is None else value(yes if decided else no, metrics)
    raise ValueError(f"not known here: {ast.unparse(node)}")


def apply(function, left, right):
    if left is None or right is None or (function is operator.truediv and right == 0):
        return None
    return function(left, right)
