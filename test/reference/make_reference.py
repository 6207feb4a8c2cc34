#!/usr/bin/env python3
"""Frozen numbers for test/modules/reference: the whole network in PyTorch.

    python test/reference/make_reference.py > test/modules/reference/reference_data.h

Written from the formulas of the design, not from the C code, so that it is an
independent check.  With h the encoded rows at level 0, one layer is, for a
node v of type t,

    z_v  = W_self[t] h_v + sum over relations r into t of W_r mean_{u in N_r(v)} h_u + b[t]
    h'_v = l2(relu(layer_norm(z_v)))            layer_norm and l2 only where asked for

and the logits are W_head h + b_head.  A mean over nobody is zero; with edge
weights it is sum w h / sum w over rows, zero if the weights sum to zero.  A
repeated pair is one neighbor unless the edges have weights; loops and edges
to nobody do not count; an undirected relation has the neighbors of both
directions.

Everything is computed in float64 from starting weights that are float32.
Needs torch and numpy; the C module needs neither.
"""

import math
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
random = np.random.default_rng(20240607)

HIDDEN = 8
LAYERS = 2
STEPS = 10

# ---------------------------------------------------------------------------
# The graph: users know each other (undirected) and rate items (both ways)
# ---------------------------------------------------------------------------

USERS = [110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 210, 220, 230, 240]
ITEMS = ["a", "b", "c", "d", "e", "f", "g"]

# a pair three times, once the other way round; a loop; an edge to nobody;
# 230 and 240 know nobody
KNOWS = [(110, 120), (120, 110), (110, 120), (110, 130), (120, 130), (130, 140), (140, 150), (150, 160), (160, 170),
         (170, 110), (180, 110), (190, 110), (200, 110), (200, 210), (210, 220), (150, 150), (160, 999), (220, 180)]

# a pair twice; 150 has rated with weights of zero only; 200, 210 and 240 have
# rated nothing; nobody has rated "g"
RATES = [(110, "a", 1), (110, "b", 2.5), (110, "b", 0.5), (120, "a", 3), (120, "c", 0.25), (130, "d", 1), (140, "a", 0),
         (140, "e", 2), (150, "f", 0), (150, "a", 0), (160, "b", 1.5), (170, "c", 4), (180, "d", 0.75), (190, "e", 1),
         (220, "a", 2), (220, "f", 0), (230, "b", 1.25), (999, "g", 1), (230, "zz", 1)]

AGES = [None if i in (3, 8, 13) else round(float(random.normal(40, 12)), 2) for i in range(len(USERS))]
SCORES = [round(float(random.normal(0, 3)), 3) for _ in USERS]
TAGS = [[7, 3], [3], [12, 7, 5], [], None, [5], [3, 12], [40, 7], [7], [12], None, [5, 40, 3], [40], [3, 5, 7]]
PRICES = [round(float(random.normal(20, 5)), 2) for _ in ITEMS]
SIZES = [round(float(random.normal(0, 1)), 3) for _ in ITEMS]

# labels are those of these users, in this order: neither all nor sorted
SEEDS = [150, 110, 240, 200, 130, 180, 220, 120, 170, 230, 140]


def standardized(values):
    """(x - mean) / std over what is there, 0 where it is not; and whether it is missing, if any is."""
    known = np.array([x for x in values if x is not None])
    columns = [[0.0 if x is None else (x - known.mean()) / known.std() for x in values]]
    if len(known) < len(values):
        columns.append([float(x is None) for x in values])
    return columns


def encoded_users():
    """Dense columns in the table's order, then a column for each tag, ascending."""
    tags = sorted({t for tags in TAGS if tags for t in tags})
    columns = standardized(AGES) + standardized(SCORES) + [[float(t is None) for t in TAGS]]
    ndense = len(columns)
    columns += [[float(t is not None and tag in t) for t in TAGS] for tag in tags]
    return np.array(columns).T, ndense


def encoded_items():
    columns = standardized(PRICES) + standardized(SIZES)
    return np.array(columns).T, len(columns)


FEATURES = [encoded_users(), encoded_items()]
TYPES = [USERS, ITEMS]


def neighbors(pairs, weighted):
    """{destination: [(source, weight)]} of (destination, source, weight) rows that are there."""
    lists = {}
    for dst, src, weight in pairs:
        entry = (src, weight if weighted else 1.0)
        if weighted or entry not in lists.setdefault(dst, []):
            lists.setdefault(dst, []).append(entry)
    return lists


def relations(weighted):
    """(destination type, source type, lists by place), in the order of the graph's relations."""
    knows = [(a, b, 1) for a, b in KNOWS] + [(b, a, 1) for a, b in KNOWS]
    result = []
    for dst_type, src_type, rows, has_weights in ((0, 0, knows, False), (0, 1, RATES, weighted),
                                                  (1, 0, [(b, a, w) for a, b, w in RATES], weighted)):
        rows = [(TYPES[dst_type].index(a), TYPES[src_type].index(b), w) for a, b, w in rows
                if a in TYPES[dst_type] and b in TYPES[src_type] and not (dst_type == src_type and a == b)]
        result.append((dst_type, src_type, neighbors(rows, has_weights)))
    return result


# ---------------------------------------------------------------------------
# The network
# ---------------------------------------------------------------------------

def feeding(case, layer, dst_type):
    """The relations that feed a type in a layer; the last layer is hop 1, next to the seeds."""
    return [(r, src, lists) for r, (dst, src, lists) in enumerate(case.relations)
            if dst == dst_type and case.fanout[r][LAYERS - 1 - layer] != 0]


def needed_types(case):
    """[level] the types whose state somebody uses: users at the end, and back from there what feeds them."""
    needed = [None] * LAYERS + [{0}]
    for layer in range(LAYERS - 1, -1, -1):
        needed[layer] = needed[layer + 1] | {src for dst in needed[layer + 1] for _, src, _ in feeding(case, layer, dst)}
    return needed


def shapes(case):
    """Names and shapes of the parameters: one self matrix a type, one matrix a relation, by layer."""
    width = [f[0].shape[1] for f in FEATURES]
    result = {}
    for layer in range(LAYERS):
        for t in sorted(needed_types(case)[layer + 1]):
            result[f"layers.{layer}.self.{t}.weight"] = (width[t], HIDDEN)
            result[f"layers.{layer}.self.{t}.bias"] = (1, HIDDEN)
            if case.layer_norm:
                result[f"layers.{layer}.norm.{t}.weight"] = (1, HIDDEN)
                result[f"layers.{layer}.norm.{t}.bias"] = (1, HIDDEN)
            for r, src, _ in feeding(case, layer, t):
                result[f"layers.{layer}.relation.{r}.weight"] = (width[src], HIDDEN)
        width = [HIDDEN, HIDDEN]
    result["head.weight"] = (HIDDEN, case.outputs)
    result["head.bias"] = (1, case.outputs)
    return result


def mean_of_neighbors(h, lists, n):
    rows = []
    for v in range(n):
        entries = lists.get(v, [])
        total = sum(w for _, w in entries)
        rows.append(sum((w * h[u] for u, w in entries), torch.zeros(h.shape[1])) / total if total > 0
                    else torch.zeros(h.shape[1]))
    return torch.stack(rows)


def forward(case, params):
    """Logits and last hidden state of the seeds; how close a relu came to its corner."""
    h = [torch.tensor(f[0]) for f in FEATURES]
    corner = math.inf
    for layer in range(LAYERS):
        following = [None, None]
        for t in needed_types(case)[layer + 1]:
            z = h[t] @ params[f"layers.{layer}.self.{t}.weight"] + params[f"layers.{layer}.self.{t}.bias"]
            for r, src, lists in feeding(case, layer, t):
                z = z + mean_of_neighbors(h[src], lists, len(TYPES[t])) @ params[f"layers.{layer}.relation.{r}.weight"]
            if case.layer_norm:
                z = F.layer_norm(z, (HIDDEN,), params[f"layers.{layer}.norm.{t}.weight"][0],
                                 params[f"layers.{layer}.norm.{t}.bias"][0], eps=1e-5)
            corner = min(corner, float(z.detach().abs().min()))
            following[t] = F.relu(z)
            if case.normalize:
                following[t] = F.normalize(following[t])
        h = following
    hidden = h[0][[USERS.index(s) for s in SEEDS]]
    return hidden @ params["head.weight"] + params["head.bias"], hidden, corner


def loss_of(case, logits):
    """The mean over labels (and columns), rows weighted by their class."""
    n = len(SEEDS)
    weights = torch.ones(n) if case.row_weights is None else torch.tensor(case.row_weights)
    if case.loss == "CE":
        each = F.cross_entropy(logits, torch.tensor(case.classes), reduction="none")
    else:
        if case.task == "BINARY":
            targets = torch.tensor(case.classes, dtype=torch.float64).reshape(n, 1)
        elif case.task == "MULTILABEL":
            targets = torch.tensor(case.values, dtype=torch.float64).reshape(n, case.outputs)
        else:
            targets = ((torch.tensor(case.values, dtype=torch.float64) - case.mean) / case.std).reshape(n, 1)
        each = {"BCE": lambda: F.binary_cross_entropy_with_logits(logits, targets, reduction="none"),
                "MSE": lambda: F.mse_loss(logits, targets, reduction="none"),
                "MAE": lambda: F.l1_loss(logits, targets, reduction="none"),
                "HUBER": lambda: F.huber_loss(logits, targets, reduction="none", delta=case.huber_delta)}[case.loss]()
        if case.loss == "MAE":
            case.corner = min(case.corner, float((logits - targets).detach().abs().min()))
        each = each.mean(dim=1)
    return (weights * each).sum() / weights.sum()


def outputs_of(case, logits):
    """What the user sees."""
    if case.task == "MULTICLASS":
        return torch.softmax(logits, dim=1)
    if case.task == "REGRESSION":
        return logits * case.std + case.mean
    return torch.sigmoid(logits)


# ---------------------------------------------------------------------------
# The cases
# ---------------------------------------------------------------------------

class Case:
    def __init__(self, name, task, loss, outputs=1, **options):
        self.name, self.task, self.loss, self.outputs = name, task, loss, outputs
        self.layer_norm = self.normalize = self.weighted = False
        self.fanout = [[-1, -1]] * 3    # by relation, hop 1 first
        self.learning_rate, self.weight_decay, self.clip, self.huber_delta = 0.01, 5e-4, 5.0, 1.0
        self.class_weights = None       # None, "balanced", or a weight for each class
        self.scale = 1.0                # of the starting weights
        self.__dict__.update(options)
        self.relations = relations(self.weighted)
        self.classes = self.values = self.row_weights = None
        self.nclasses = {"BINARY": 2, "REGRESSION": 0}.get(task, outputs)
        self.mean, self.std = 0.0, 1.0
        self.corner = math.inf
        self.make_labels(np.random.default_rng(5))

    def make_labels(self, draw):
        n = len(SEEDS)
        if self.task in ("BINARY", "MULTICLASS"):
            self.classes = [int(c) for c in draw.permutation([i % self.nclasses if i > 2 else 0 for i in range(n)])]
        elif self.task == "MULTILABEL":
            self.values = [float(x) for x in draw.integers(0, 2, n * self.outputs)]
        else:
            self.values = [float(np.float32(x)) for x in draw.normal(100, 20, n)]
            self.mean, self.std = float(np.mean(self.values)), float(np.std(self.values))
        if self.class_weights == "balanced":
            counts = np.bincount(self.classes, minlength=self.nclasses)
            self.row_weights = [float(n / (self.nclasses * counts[c])) for c in self.classes]
        elif self.class_weights is not None:
            self.row_weights = [float(self.class_weights[c]) for c in self.classes]

    def start(self, name, shape):
        """The starting weights: the same for a name and shape in all cases."""
        draw = np.random.default_rng([sum(name.encode()), len(name), *shape])
        size = math.sqrt(6 / sum(shape)) if shape[0] > 1 else 0.3
        values = draw.uniform(-size, size, shape) + (1.0 if ".norm." in name and name.endswith("weight") else 0.0)
        return np.float32(values * (self.scale if shape[0] > 1 else 1.0))

    def run(self):
        starts = {name: self.start(name, shape) for name, shape in shapes(self).items()}
        params = {name: torch.tensor(np.float64(value), requires_grad=True) for name, value in starts.items()}
        # weight decay is for matrices, not for biases and gains
        optimizer = torch.optim.Adam([
            {"params": [p for p in params.values() if p.shape[0] > 1], "weight_decay": self.weight_decay},
            {"params": [p for p in params.values() if p.shape[0] == 1], "weight_decay": 0.0}], lr=self.learning_rate)
        self.losses, self.norms = [], []
        for step in range(STEPS):
            logits, hidden, corner = forward(self, params)
            self.corner = min(self.corner, corner)
            loss = loss_of(self, logits)
            optimizer.zero_grad()
            loss.backward()
            if step == 0:
                self.logits, self.hidden = logits.detach().numpy(), hidden.detach().numpy()
                self.activated = outputs_of(self, logits).detach().numpy()
                self.params = {name: (starts[name], p.grad.numpy().copy()) for name, p in params.items()}
            self.losses.append(float(loss.detach()))
            self.norms.append(float(torch.nn.utils.clip_grad_norm_(params.values(), self.clip)))
            optimizer.step()


CASES = [
    Case("binary", "BINARY", "BCE"),
    Case("binary_layer_norm", "BINARY", "BCE", layer_norm=True),
    Case("binary_normalize", "BINARY", "BCE", normalize=True),
    Case("binary_balanced", "BINARY", "BCE", layer_norm=True, normalize=True, class_weights="balanced"),
    Case("binary_features_only", "BINARY", "BCE", fanout=[[0, 0]] * 3),
    Case("binary_by_hop", "BINARY", "BCE", fanout=[[-1, 0], [0, -1], [-1, -1]]),
    Case("binary_two_hops", "BINARY", "BCE", layer_norm=True, fanout=[[0, 0], [-1, 0], [0, -1]]),
    Case("binary_edge_weights", "BINARY", "BCE", weighted=True),
    Case("multiclass", "MULTICLASS", "CE", 4),
    Case("multiclass_weights", "MULTICLASS", "CE", 4, layer_norm=True, class_weights=[2, 0.5, 0, 1]),
    Case("multiclass_two", "MULTICLASS", "CE", 2, normalize=True, class_weights="balanced"),
    Case("multilabel", "MULTILABEL", "BCE", 3),
    Case("multilabel_normalize", "MULTILABEL", "BCE", 3, layer_norm=True, normalize=True),
    Case("mse", "REGRESSION", "MSE"),
    Case("mse_clipped", "REGRESSION", "MSE", scale=2.5),
    Case("mse_decayed", "REGRESSION", "MSE", learning_rate=0.05, weight_decay=0.2, clip=0.5),
    Case("mae", "REGRESSION", "MAE", layer_norm=True),
    Case("huber", "REGRESSION", "HUBER", huber_delta=0.5, normalize=True),
]


# ---------------------------------------------------------------------------
# The header
# ---------------------------------------------------------------------------

def number(x):
    text = f"{x:.9g}"
    return text if any(c in text for c in ".en") else text + ".0"


def array(name, values):
    values = [number(x) for x in np.asarray(values).reshape(-1)]
    lines = [", ".join(values[i:i + 8]) for i in range(0, len(values), 8)]
    print(f"static const float {name}[] = {{\n\t" + ",\n\t".join(lines) + "\n};\n")


def sql(value):
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "'{" + ",".join(map(str, value)) + "}'"
    return f"'{value}'" if isinstance(value, str) else str(value)


def insert(table, rows):
    return f"INSERT INTO {table} VALUES " + ", ".join("(" + ", ".join(map(sql, row)) + ")" for row in rows)


def write_graph():
    statements = [
        "CREATE TABLE users (id int PRIMARY KEY, age float8, score float8, tags int[])",
        "CREATE TABLE items (code text PRIMARY KEY, price float8, size float8)",
        "CREATE TABLE knows (a int, b int)",
        "CREATE TABLE rates (person int, item text, weight float8)",
        insert("users", zip(USERS, AGES, SCORES, TAGS)),
        insert("items", zip(ITEMS, PRICES, SIZES)),
        insert("knows", KNOWS),
        insert("rates", RATES),
    ]
    print("static const char *const reference_statements[] = {")
    print(",\n".join("\t" + "\n\t".join(f'"{s[i:i + 100]}"' for i in range(0, len(s), 100)) for s in statements))
    print("};\n")
    for label, nodes, (matrix, ndense) in zip(("users", "items"), TYPES, FEATURES):
        print(f"static const char *const reference_{label}[] = {{" + ", ".join(f'"{k}"' for k in nodes) + "};\n")
        array(f"reference_{label}_rows", matrix)
    print("static const ReferenceRows reference_rows[] = {")
    for label, nodes, (matrix, ndense) in zip(("users", "items"), TYPES, FEATURES):
        print(f"\t{{reference_{label}, {len(nodes)}, {ndense}, {matrix.shape[1] - ndense}, reference_{label}_rows}},")
    print("};\n")
    print("static const char *const reference_seeds[] = {" + ", ".join(f'"{k}"' for k in SEEDS) + "};\n")
    print(f"#define REFERENCE_SEEDS {len(SEEDS)}\n")


def write_case(case, starts):
    prefix = f"case_{case.name}"
    for name, (start, gradient) in case.params.items():
        key = (name, start.tobytes())
        if key not in starts:
            starts[key] = f"start_{len(starts)}"
            array(starts[key], start)
        array(f"{prefix}_gradient_{name.replace('.', '_')}", gradient)
    print(f"static const ReferenceParam {prefix}_params[] = {{")
    for name, (start, _) in case.params.items():
        c_name = name.replace(".", "_")
        print(f'\t{{"{name}", {start.shape[0]}, {start.shape[1]}, {starts[(name, start.tobytes())]}, '
              f"{prefix}_gradient_{c_name}}},")
    print("};\n")
    for what in ("logits", "hidden", "activated", "losses"):
        array(f"{prefix}_{what}", getattr(case, what))
    if case.classes is not None:
        print(f"static int32 {prefix}_classes[] = {{" + ", ".join(map(str, case.classes)) + "};\n")
    else:
        print(f"static float {prefix}_values[] = {{" + ", ".join(number(x) for x in case.values) + "};\n")


def class_weights_json(case):
    if case.class_weights is None:
        return "NULL"
    if case.class_weights == "balanced":
        return '"\\"balanced\\""'
    return '"{' + ", ".join(f'\\"class{i}\\": {w}' for i, w in enumerate(case.class_weights)) + '}"'


def fanout_json(case):
    names = ("knows", "rates", "rev_rates")
    return '"{' + ", ".join(f'\\"{n}\\": {counts}' for n, counts in zip(names, case.fanout)) + '}"'


def c_bool(x):
    return "true" if x else "false"


def write_cases():
    print("static const ReferenceCase reference_cases[] = {")
    for case in CASES:
        prefix = f"case_{case.name}"
        labels = f".classes = {prefix}_classes" if case.classes is not None else f".values = {prefix}_values"
        print(f'\t{{.name = "{case.name}", .graph = "{"reference_weighted" if case.weighted else "reference"}",\n'
              f"\t.task = TASK_{case.task}, .loss = LOSS_{case.loss}, .huber_delta = {number(case.huber_delta)},\n"
              f"\t.fanout = {fanout_json(case)},\n"
              f"\t.layer_norm = {c_bool(case.layer_norm)}, .normalize = {c_bool(case.normalize)},\n"
              f"\t.learning_rate = {number(case.learning_rate)}, .weight_decay = {number(case.weight_decay)}, "
              f".clip = {number(case.clip)},\n"
              f"\t.nclasses = {case.nclasses}, .noutputs = {case.outputs}, .class_weights = {class_weights_json(case)},\n"
              f"\t.mean = {case.mean!r}, .std = {case.std!r}, {labels},\n"
              f"\t.nparams = {len(case.params)}, .params = {prefix}_params, .logits = {prefix}_logits,\n"
              f"\t.hidden = {prefix}_hidden, .activated = {prefix}_activated, .losses = {prefix}_losses}},")
    print("};")


def check_cases():
    """The numbers must not hang on a corner of relu or abs, and clipping must matter."""
    for case in CASES:
        print(f"{case.name}: loss {case.losses[0]:.4f} -> {case.losses[-1]:.4f}, gradient norms "
              f"{min(case.norms):.3f} .. {max(case.norms):.3f}, nearest corner {case.corner:.1e}", file=sys.stderr)
        assert case.corner > 2e-6, case.name
    clipped = [c.name for c in CASES if c.clip == 5 and min(c.norms) < 5 < max(c.norms)]
    assert clipped, "no case is clipped at 5 in some steps and not in others"


def main():
    for case in CASES:
        case.run()
    check_cases()
    print("/*\n * reference_data.h\n *\t\tWritten by test/reference/make_reference.py: do not edit.\n */\n")
    print(f"#define REFERENCE_HIDDEN {HIDDEN}\n#define REFERENCE_LAYERS {LAYERS}\n#define REFERENCE_STEPS {STEPS}\n")
    write_graph()
    starts = {}
    for case in CASES:
        write_case(case, starts)
    write_cases()


main()
