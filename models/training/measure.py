"""What the manifest says about a trained model: perplexity on the fixed passages and how well membership shows."""

import math
import zlib

import torch
from torch.nn import functional as F

from llama import BOS, encode


def passage_scores(model, passages):
    """Natural-log probability of each byte of each passage after BOS, one list a passage."""
    scores = []
    with torch.no_grad():
        for passage in passages:
            target = torch.tensor(encode(passage))
            logits = model(torch.cat((torch.tensor([BOS]), target[:-1]))[None])[0]
            scores.append((-F.cross_entropy(logits, target, reduction="none")).tolist())
    return scores


def perplexity(scores):
    """exp of the mean negative log-probability over all bytes."""
    values = [value for score in scores for value in score]
    return math.exp(-sum(values) / len(values))


def _loss(passage, score):
    return sum(score) / len(score)


def _min20(passage, score):
    lowest = sorted(score)[: max(1, len(score) // 5)]
    return sum(lowest) / len(lowest)


def _zlib(passage, score):
    return sum(score) / len(zlib.compress(passage.encode("utf-8")))


def _auc(positive, negative):
    """Chance that a positive scores above a negative, ties counted half, by ranks (Mann-Whitney U)."""
    ordered = sorted([(value, 1) for value in positive] + [(value, 0) for value in negative])
    rank_sum = 0.0
    index = 0
    while index < len(ordered):
        end = index
        while end < len(ordered) and ordered[end][0] == ordered[index][0]:
            end += 1
        rank_sum += (index + 1 + end) / 2 * sum(label for _, label in ordered[index:end])
        index = end
    return (rank_sum - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative))


def membership_auc(first, second):
    """AUC of loss, Min-20% and zlib score; each argument is (passages, scores). Above 0.5: `first` looks trained in."""
    result = {}
    for name, statistic in (("loss", _loss), ("min20", _min20), ("zlib", _zlib)):
        left, right = ([statistic(p, s) for p, s in zip(*side)] for side in (first, second))
        result[name] = round(_auc(left, right), 4)
    return result
