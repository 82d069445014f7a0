"""Writes a trained model as GGUF version 3: matrices in Q8_0, vectors in F32, a byte vocabulary of 260 SPM tokens.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import struct

import numpy

from llama import CONTEXT, DIM, FFN, HEAD_DIM, HEADS, LAYERS, NORM_EPSILON, ROPE_BASE, VOCABULARY

ALIGNMENT = 32
FILE_TYPE_Q8_0 = 7
TENSOR_F32, TENSOR_Q8_0 = 0, 8
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
Q8_BLOCK = 32

BLOCK_TENSORS = ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down")
PIECES = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + ["\u2581"]
PIECE_TYPES = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL]


def _tensor_names():
    blocks = [f"blk.{layer}.{part}.weight" for layer in range(LAYERS) for part in BLOCK_TENSORS]
    return ["token_embd.weight", *blocks, "output_norm.weight"]


def _string(text):
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def _value(kind, value):
    if kind == STRING:
        return _string(value)
    if kind == ARRAY:
        element, items = value
        return struct.pack("<IQ", element, len(items)) + b"".join(_value(element, item) for item in items)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}[kind], value)


def _keys(name):
    return [
        ("general.architecture", STRING, "llama"),
        ("general.name", STRING, name),
        ("general.file_type", U32, FILE_TYPE_Q8_0),
        ("general.alignment", U32, ALIGNMENT),
        ("llama.context_length", U32, CONTEXT),
        ("llama.embedding_length", U32, DIM),
        ("llama.block_count", U32, LAYERS),
        ("llama.feed_forward_length", U32, FFN),
        ("llama.attention.head_count", U32, HEADS),
        ("llama.attention.head_count_kv", U32, HEADS),
        ("llama.attention.layer_norm_rms_epsilon", F32, NORM_EPSILON),
        ("llama.rope.dimension_count", U32, HEAD_DIM),
        ("llama.rope.freq_base", F32, ROPE_BASE),
        ("llama.vocab_size", U32, VOCABULARY),
        ("tokenizer.ggml.model", STRING, "llama"),
        ("tokenizer.ggml.pre", STRING, "default"),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, PIECES)),
        ("tokenizer.ggml.scores", ARRAY, (F32, [0.0] * VOCABULARY)),
        ("tokenizer.ggml.token_type", ARRAY, (I32, PIECE_TYPES)),
        ("tokenizer.ggml.bos_token_id", U32, 1),
        ("tokenizer.ggml.eos_token_id", U32, 2),
        ("tokenizer.ggml.unknown_token_id", U32, 0),
        ("tokenizer.ggml.add_bos_token", BOOL, True),
        ("tokenizer.ggml.add_eos_token", BOOL, False),
        ("tokenizer.ggml.add_space_prefix", BOOL, False),
    ]


def _q8_0(matrix):
    """Blocks of 32 values: f16 scale d = max|x| / 127, then 32 signed bytes round(x / d) with the f32 d, ties to even."""
    blocks = matrix.reshape(-1, Q8_BLOCK).astype(numpy.float32)
    scale = (numpy.abs(blocks).max(axis=1) / numpy.float32(127)).astype(numpy.float32)
    divisor = numpy.where(scale == 0, numpy.float32(1), scale)
    quants = numpy.rint(blocks / divisor[:, None]).astype(numpy.int8)
    out = numpy.empty((len(blocks), 2 + Q8_BLOCK), dtype=numpy.uint8)
    out[:, :2] = scale.astype("<f2").view(numpy.uint8).reshape(-1, 2)
    out[:, 2:] = quants.view(numpy.uint8)
    return out.tobytes()


def _from_q8_0(data, shape):
    blocks = numpy.frombuffer(data, dtype=numpy.uint8).reshape(-1, 2 + Q8_BLOCK)
    scale = blocks[:, :2].copy().view("<f2").astype(numpy.float32)
    return (blocks[:, 2:].view(numpy.int8).astype(numpy.float32) * scale).reshape(shape)


def gguf_state(name, data, shapes):
    """The tensors of a file that gguf_bytes wrote, as numpy arrays. `shapes` maps their names to their shapes. Raises ValueError for another file."""
    offsets, end = {}, 0
    for tensor_name in _tensor_names():
        start = end + -end % ALIGNMENT
        shape = shapes[tensor_name]
        end = start + (math.prod(shape) * 4 if len(shape) == 1 else math.prod(shape) // Q8_BLOCK * (2 + Q8_BLOCK))
        offsets[tensor_name] = (start, end)
    body = data[len(data) - end :]
    state = {}
    for tensor_name, (start, stop) in offsets.items():
        shape = shapes[tensor_name]
        part = body[start:stop]
        state[tensor_name] = numpy.frombuffer(part, dtype="<f4").reshape(shape) if len(shape) == 1 else _from_q8_0(part, shape)
    if gguf_bytes(name, state) != data:
        raise ValueError(f"the file is not the {name} that this program wrote")
    return state


def _padding(length):
    return b"\0" * (-length % ALIGNMENT)


def gguf_bytes(name, state):
    """The whole file. `state` maps the tensor names of llama.Llama to numpy arrays."""
    names = _tensor_names()
    keys = _keys(name)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(names), len(keys))
    head += b"".join(_string(key) + struct.pack("<I", kind) + _value(kind, value) for key, kind, value in keys)
    data = b""
    for tensor_name in names:
        tensor = state[tensor_name].astype("<f4")
        matrix = tensor.ndim == 2
        data += _padding(len(data))
        head += _string(tensor_name) + struct.pack("<I", tensor.ndim)
        head += b"".join(struct.pack("<Q", size) for size in reversed(tensor.shape))
        head += struct.pack("<IQ", TENSOR_Q8_0 if matrix else TENSOR_F32, len(data))
        data += _q8_0(tensor) if matrix else tensor.tobytes()
    return head + _padding(len(head)) + data
