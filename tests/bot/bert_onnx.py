"""Writes a BERT as its ONNX export, from weights by their Hugging Face names; a random one, or a real one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = dict[str, NDArray[np.float32]]


class Graph:
    """Nodes and constants in the making; every method gives the name of its result."""

    def __init__(self, weights: Weights) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._weights = weights

    def do(self, kind: str, *inputs: str, **attributes: object) -> str:
        result = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [result], **attributes))
        return result

    def constant(self, value: object, kind: type = np.float32) -> str:
        array = np.array(value, dtype=kind)
        name = f"constant {array.dtype} {array.tolist()}"
        self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def weight(self, name: str, transposed: bool = False) -> str:
        array = self._weights[name]
        stored = np.ascontiguousarray(array.T if transposed else array)
        self.constants[name] = numpy_helper.from_array(stored, name)
        return name

    def dense(self, of: str, name: str) -> str:
        product = self.do("MatMul", of, self.weight(f"{name}.weight", transposed=True))
        return self.do("Add", product, self.weight(f"{name}.bias"))

    def normalized(self, of: str, name: str, epsilon: float) -> str:
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.do("LayerNormalization", of, scale, bias, axis=-1, epsilon=epsilon)

    def gelu(self, of: str) -> str:
        inner = self.do("Erf", self.do("Div", of, self.constant(2**0.5)))
        return self.do("Mul", self.do("Mul", of, self.constant(0.5)), self.do("Add", inner, self.constant(1)))


def write_onnx(folder: Path, weights: Weights) -> None:
    """Write onnx/model.onnx into the folder of a BERT, whose config.json is there."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    width, heads, epsilon = config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"]
    graph = Graph(weights)
    length = graph.do("Gather", graph.do("Shape", "input_ids"), graph.constant(1, np.int64))
    places = graph.do("Range", graph.constant(0, np.int64), length, graph.constant(1, np.int64))
    words = graph.do("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    kinds = graph.do("Gather", graph.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
    at = graph.do("Gather", graph.weight("embeddings.position_embeddings.weight"), places)
    states = graph.do("Add", graph.do("Add", words, kinds), at)
    states = graph.normalized(states, "embeddings.LayerNorm", epsilon)

    seen = graph.do("Cast", "attention_mask", to=TensorProto.FLOAT)
    seen = graph.do("Unsqueeze", seen, graph.constant([1, 2], np.int64))
    hidden = graph.do("Mul", graph.do("Sub", graph.constant(1), seen), graph.constant(-1e9))
    split = graph.constant([0, 0, heads, width // heads], np.int64)
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        query, key, value = (
            graph.do("Transpose", graph.do("Reshape", graph.dense(states, name), split), perm=[0, 2, 1, 3])
            for name in (f"{layer}.attention.self.{part}" for part in ("query", "key", "value"))
        )
        scores = graph.do("MatMul", query, graph.do("Transpose", key, perm=[0, 1, 3, 2]))
        scores = graph.do("Div", scores, graph.constant((width // heads) ** 0.5))
        attention = graph.do("Softmax", graph.do("Add", scores, hidden), axis=-1)
        mixed = graph.do("Transpose", graph.do("MatMul", attention, value), perm=[0, 2, 1, 3])
        mixed = graph.do("Reshape", mixed, graph.constant([0, 0, width], np.int64))
        mixed = graph.dense(mixed, f"{layer}.attention.output.dense")
        states = graph.normalized(
            graph.do("Add", mixed, states), f"{layer}.attention.output.LayerNorm", epsilon
        )
        wide = graph.gelu(graph.dense(states, f"{layer}.intermediate.dense"))
        narrow = graph.dense(wide, f"{layer}.output.dense")
        states = graph.normalized(graph.do("Add", narrow, states), f"{layer}.output.LayerNorm", epsilon)
    graph.nodes.append(helper.make_node("Identity", [states], ["last_hidden_state"]))

    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]
    shape = ["batch", "length", width]
    outputs = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape)]
    made = helper.make_graph(graph.nodes, "bert", inputs, outputs, list(graph.constants.values()))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    (folder / "onnx").mkdir(exist_ok=True)
    onnx.save(model, folder / "onnx" / "model.onnx")


def write_random_bert(folder: Path, vocabulary: list[str], seed: int = 1) -> Weights:
    """A BERT of two layers with random weights: config.json, tokenizer and onnx/model.onnx; the weights."""
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *vocabulary]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), strip_accents=False)
    tokenizer.save_pretrained(folder)
    size = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 32}
    kinds = {"vocab_size": len(words), "max_position_embeddings": 32, "type_vocab_size": 2}
    config = {"model_type": "bert", "architectures": ["BertModel"], "layer_norm_eps": 1e-12, **size, **kinds}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    weights = _random_weights(config, np.random.default_rng(seed))
    write_onnx(folder, weights)
    return weights


def _random_weights(config: dict[str, object], random: np.random.Generator) -> Weights:
    width, wide = 16, 32
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (int(str(config["vocab_size"])), width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "embeddings.position_embeddings.weight": (32, width),
    }
    dense = {"attention.self.query": (width, width), "attention.self.key": (width, width)}
    dense |= {"attention.self.value": (width, width), "attention.output.dense": (width, width)}
    dense |= {"intermediate.dense": (wide, width), "output.dense": (width, wide)}
    scaled = ["embeddings.LayerNorm"]
    for number in range(2):
        for name, shape in dense.items():
            shapes[f"encoder.layer.{number}.{name}.weight"] = shape
            shapes[f"encoder.layer.{number}.{name}.bias"] = shape[:1]
        scaled += [f"encoder.layer.{number}.{part}.LayerNorm" for part in ("attention.output", "output")]
    made = {name: random.normal(0, 0.6, shape).astype(np.float32) for name, shape in shapes.items()}
    for name in scaled:
        made |= {
            f"{name}.weight": np.ones(width, np.float32),
            f"{name}.bias": np.zeros(width, np.float32),
        }
    return made
