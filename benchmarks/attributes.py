"""How fast the attribute models are, beside one mini-XCEPTION: ``python -m benchmarks.attributes``.

Networks alone, in onnxruntime with two threads, on 16 faces of noise; in turn, many times each, so that a noisy machine
hits all alike. The unit is a mini-XCEPTION for grey faces of 48x48 pixels with seven classes, freshly made (its weights
do not matter for its time). The last line is one JSON object: least milliseconds by network, and their ratio to the
unit's, summed over the models that ``analyze`` uses by default.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.models.cards import Card, Head
from facestats.models.registry import choose_models
from facestats.models.runtime import open_session
from facestats.training.export import network_of, to_onnx


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16, help="faces at a time (default 16)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=20, help="measured turns of five runs each (default 20)")
    arguments = parser.parse_args()
    head = Head("expression", "expression", ATTRIBUTE_CLASSES["expression"])
    unit = Card("mini_xception", (head,), network="mini_xception", input_color="gray")
    models = {model.name: model for model in choose_models({}).values()}
    files = {"mini_xception": to_onnx(network_of(unit).eval(), unit)}
    files |= {name: model.onnx_file() for name, model in models.items()}
    cards = {"mini_xception": unit} | {name: model.card for name, model in models.items()}
    sessions = {name: open_session(file, threads=arguments.threads) for name, file in files.items()}
    least = dict.fromkeys(sessions, float("inf"))
    for turn in range(arguments.repeat + 1):
        for name, session in sessions.items():
            card = cards[name]
            shape = (arguments.batch, 1 if card.input_color == "gray" else 3, card.input_size, card.input_size)
            faces = np.random.default_rng(turn).random(shape, np.float32)
            time.sleep(0.02)  # until the threads of the one before rest
            for _ in range(5):
                started = time.perf_counter()
                session.run(None, {session.get_inputs()[0].name: faces})
                if turn:
                    least[name] = min(least[name], 1000 * (time.perf_counter() - started))
    result = {
        name: {"ms": round(ms, 3), "of_unit": round(ms / least["mini_xception"], 2)} for name, ms in least.items()
    }
    for name, found in result.items():
        print(f"{name:28}{found}")
    total = sum(ms for name, ms in least.items() if name != "mini_xception")
    print(json.dumps({"batch": arguments.batch, **result, "all_of_unit": round(total / least["mini_xception"], 2)}))


if __name__ == "__main__":
    main()
