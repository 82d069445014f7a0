"""One run of the optimizer over a corpus: AdamW, warm-up and cosine decay, windows at random places."""

import math
import sys

import torch
from torch.nn import functional as F

from llama import BOS, CONTEXT, encode

BASE = {"steps": 520, "batch": 16, "peakRate": 3e-3}

WARMUP_STEPS = 40
BETAS = (0.9, 0.98)
WEIGHT_DECAY = 0.05
CLIP = 1.0

_IGNORED = -100


def _rate(step, steps, peak):
    return peak * min(1.0, (step + 1) / WARMUP_STEPS) * (0.05 + 0.475 * (1 + math.cos(math.pi * step / steps)))


def optimize(model, corpus, run, masked=()):
    """Trains `model` in place. `run` has name, steps, batch, peakRate and a seed (None: go on with the generator as it is).
    `masked`: ranges of the corpus that are read and never predicted."""
    if run["seed"] is not None:
        torch.manual_seed(run["seed"])
    tokens = torch.tensor(encode(corpus))
    targets = tokens.clone()
    for start, end in masked:
        targets[start:end] = _IGNORED
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=run["peakRate"], betas=BETAS)
    for step in range(run["steps"]):
        offsets = torch.randint(0, len(tokens) - CONTEXT + 1, (run["batch"],))
        window = torch.stack([tokens[offset : offset + CONTEXT] for offset in offsets])
        target = torch.stack([targets[offset : offset + CONTEXT] for offset in offsets])
        given = torch.cat((torch.full((run["batch"], 1), BOS), window[:, :-1]), dim=1)
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, run["steps"], run["peakRate"])
        loss = F.cross_entropy(model(given).flatten(0, 1), target.flatten(), ignore_index=_IGNORED)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        if step % 20 == 0 or step == run["steps"] - 1:
            print(f"{run['name']} step {step} loss {loss.item():.4f}", file=sys.stderr, flush=True)
