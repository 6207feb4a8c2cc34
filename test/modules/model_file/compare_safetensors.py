"""The sample file against Python's safetensors package (make python)."""
import hashlib
import os
import struct
import subprocess
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

PATH = "compare.safetensors"
TEXTS = {
    "spec": '{"layers": 2, "path": "a\\\\b/c"}',
    "words": "tab\there, line\nend, bell \x07, unit \x1f, del \x7f",
    "utf8": "\u00e9 \u20ac \U0001f418",
    "nothing": "",
}


def checksum(texts, tensors):
    """The definition above model_file_checksum(), a second time."""
    digest = hashlib.sha256()
    number = lambda n: digest.update(struct.pack("<Q", n))
    texts = {k.encode(): v.encode() for k, v in texts.items() if k != "sha256"}
    number(len(texts))
    for key in sorted(texts):
        for text in (key, texts[key]):
            number(len(text))
            digest.update(text)
    number(len(tensors))
    for name in sorted(tensors):
        number(len(name))
        digest.update(name.encode())
        number(tensors[name].ndim)
        for dim in tensors[name].shape:
            number(dim)
        digest.update(tensors[name].astype("<f4").tobytes())
    return digest.hexdigest()


def run(action):
    return subprocess.run(["./test_model_file", action, PATH]).returncode == 0


failed = 0


def report(ok, name):
    global failed
    failed += not ok
    print("ok" if ok else "not ok", "-", name)


report(run("write"), "the sample is written")
with safe_open(PATH, framework="numpy") as file:
    texts = file.metadata()
    tensors = {name: file.get_tensor(name) for name in file.keys()}
stored = texts.pop("sha256")

report(texts == TEXTS, "safetensors reads the texts")
report(
    {name: t.shape for name, t in tensors.items()}
    == {"layer0.weight": (2, 3), "layer0.bias": (3,), "empty": (0, 5)},
    "safetensors reads the shapes",
)
weight = np.array([[1, -2.5, 0], [3.4028235e38, 1e-45, -0.0]], np.float32)
report(tensors["layer0.weight"].tobytes() == weight.tobytes(), "safetensors reads the values")
report(stored == checksum(texts, tensors), "the checksum is as defined")

save_file(tensors, PATH, {**texts, "sha256": stored})
report(run("check"), "a file rewritten by safetensors opens and says the same")
tensors["layer0.bias"][1] += 1
save_file(tensors, PATH, {**texts, "sha256": stored})
report(not run("check"), "a file with a changed value does not")
os.unlink(PATH)
sys.exit(failed > 0)
