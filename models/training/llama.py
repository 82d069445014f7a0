"""A small `llama` architecture over bytes: pre-norm blocks, RoPE on interleaved pairs, SwiGLU, tied embedding, no biases."""

import math

import torch
from torch import nn
from torch.nn import functional as F

DIM = 128
LAYERS = 4
HEADS = 4
HEAD_DIM = DIM // HEADS
FFN = 352
CONTEXT = 256
VOCABULARY = 260
NORM_EPSILON = 1e-5
ROPE_BASE = 10000.0

BOS = 1
SPACE = 259
FIRST_BYTE = 3


def encode(text):
    """One token a byte: a space is token 259, any other byte b is token b + 3. BOS is not added."""
    return [SPACE if byte == 0x20 else byte + FIRST_BYTE for byte in text.encode("utf-8")]


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(DIM))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + NORM_EPSILON) * self.weight


def rope_table():
    """cos and sin of position * base^(-2i/HEAD_DIM), each of shape CONTEXT x HEAD_DIM/2."""
    rates = ROPE_BASE ** (-torch.arange(0, HEAD_DIM, 2, dtype=torch.float32) / HEAD_DIM)
    angles = torch.outer(torch.arange(CONTEXT, dtype=torch.float32), rates)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    """Rotates the pairs (2i, 2i+1) of the last axis: llama.cpp's own order, so that q and k need no permutation."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn_norm = Norm()
        self.attn_q = nn.Linear(DIM, DIM, bias=False)
        self.attn_k = nn.Linear(DIM, DIM, bias=False)
        self.attn_v = nn.Linear(DIM, DIM, bias=False)
        self.attn_output = nn.Linear(DIM, DIM, bias=False)
        self.ffn_norm = Norm()
        self.ffn_gate = nn.Linear(DIM, FFN, bias=False)
        self.ffn_up = nn.Linear(DIM, FFN, bias=False)
        self.ffn_down = nn.Linear(FFN, DIM, bias=False)

    def forward(self, x, cos, sin, mask):
        batch, length, _ = x.shape

        def heads(projected):
            return projected.view(batch, length, HEADS, HEAD_DIM).transpose(1, 2)

        n = self.attn_norm(x)
        q, k, v = rotate(heads(self.attn_q(n)), cos, sin), rotate(heads(self.attn_k(n)), cos, sin), heads(self.attn_v(n))
        weights = F.softmax(q @ k.transpose(-2, -1) / math.sqrt(HEAD_DIM) + mask, dim=-1)
        x = x + self.attn_output((weights @ v).transpose(1, 2).reshape(batch, length, DIM))
        n = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(n)) * self.ffn_up(n))


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.token_embd = nn.Embedding(VOCABULARY, DIM)
        self.blk = nn.ModuleList(Block() for _ in range(LAYERS))
        self.output_norm = Norm()
        self.cos, self.sin = rope_table()
        for name, parameter in self.named_parameters():
            if parameter.dim() == 1:
                continue
            residual = name.endswith(("attn_output.weight", "ffn_down.weight"))
            nn.init.normal_(parameter, 0.0, 0.02 / math.sqrt(2 * LAYERS) if residual else 0.02)

    def forward(self, tokens):
        """Logits of shape batch x length x VOCABULARY for token ids of shape batch x length."""
        length = tokens.shape[1]
        mask = torch.full((length, length), float("-inf")).triu(1)
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, self.cos[:length], self.sin[:length], mask)
        return self.output_norm(x) @ self.token_embd.weight.T
