"""The opponent: tables -> Python -> DGL -> tables, the way that is usual today.

Runs with an interpreter that has torch, dgl, numpy and psycopg; one process
for each number of threads.  A command is a line of JSON with a "do", the
answer is a line of JSON; all seconds are taken here, without the imports, by
the clock on the wall or (second argument) of this process's processor time.

The network: the ids of a node summed by an embedding bag of 64 (dense numbers
by a linear layer), two SAGE convolutions with mean of 64, one output; fan-out
[10, 10], batches of 512, Adam.  The embedding before the first convolution
makes it cheaper than sage's, which has two matrices of all ids.
"""
import json
import os
import sys
import time
import warnings

warnings.filterwarnings('ignore')
os.environ.setdefault('DGLBACKEND', 'pytorch')
answers = os.dup(1)                     # libraries print on 1
os.dup2(2, 1)

import dgl
import numpy as np
import psycopg
import torch
import torch.nn as nn
import torch.nn.functional as F
from dgl.nn.pytorch import SAGEConv

now = time.process_time if sys.argv[2] == 'cpu' else time.perf_counter

HIDDEN, FANOUT, BATCH, IDS = 64, [10, 10], 512, 4005


class Data:
    """A graph read from its tables."""

    def __init__(self, connection, nodes, edges):
        with connection.cursor() as cursor:
            dense = cursor.execute('SELECT pg_typeof(features)::text FROM %s LIMIT 1' % nodes).fetchone()[0] == 'real[]'
            kind = 'float4[]' if dense else 'int4[]'
            with cursor.copy('COPY (SELECT id, label, features FROM %s) TO STDOUT (FORMAT binary)' % nodes) as copy:
                copy.set_types(['int4', 'int2', kind])
                rows = list(copy.rows())
            ends = self.read_pairs(cursor, edges)
        self.ids = np.array([row[0] for row in rows])
        self.labels = torch.tensor([row[1] for row in rows], dtype=torch.float)
        self.n = len(rows)
        self.dense = torch.tensor([row[2] for row in rows]) if dense else None
        if not dense:
            lengths = np.array([len(row[2]) for row in rows])
            self.offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]))
            self.members = torch.from_numpy(np.concatenate([np.array(row[2], dtype=np.int64) for row in rows]))
        order = np.argsort(self.ids)
        places = order[np.searchsorted(self.ids[order], ends)]
        self.graph = dgl.graph((places.ravel(), places[:, ::-1].ravel()), num_nodes=self.n)
        self.graph.create_formats_()

    @staticmethod
    def read_pairs(cursor, table):
        """Two integers a row: all rows of the binary format have 18 bytes, so numpy reads them at once."""
        with cursor.copy('COPY (SELECT src, dst FROM %s) TO STDOUT (FORMAT binary)' % table) as copy:
            data = b''.join(copy)
        row = np.dtype([('fields', '>i2'), ('length', '>i4'), ('src', '>i4'), ('length2', '>i4'), ('dst', '>i4')])
        rows = np.frombuffer(data, row, offset=19, count=(len(data) - 21) // 18)
        return np.stack([rows['src'], rows['dst']], 1).astype(np.int64)

    def inputs(self, nodes):
        if self.dense is not None:
            return (self.dense[nodes],)
        begin, lengths = self.offsets[nodes], self.offsets[nodes + 1] - self.offsets[nodes]
        starts = torch.zeros(len(nodes), dtype=torch.long)
        starts[1:] = lengths.cumsum(0)[:-1]
        places = torch.arange(int(lengths.sum())) + torch.repeat_interleave(begin - starts, lengths)
        return self.members[places], starts


class Network(nn.Module):
    def __init__(self, data):
        super().__init__()
        if data.dense is not None:
            self.encoder = nn.Linear(data.dense.shape[1], HIDDEN)
        else:
            self.encoder = nn.EmbeddingBag(IDS, HIDDEN, mode='sum')
            nn.init.normal_(self.encoder.weight, 0, .05)
        self.first, self.second = SAGEConv(HIDDEN, HIDDEN, 'mean'), SAGEConv(HIDDEN, HIDDEN, 'mean')
        self.output = nn.Linear(HIDDEN, 1)

    def forward(self, blocks, inputs):
        x = self.encoder(*inputs)
        x = F.dropout(F.relu(self.first(blocks[0], x)), .3, self.training)
        return self.output(F.relu(self.second(blocks[1], x))).squeeze(-1)


class Training:
    def __init__(self, data, train, seed=0):
        torch.manual_seed(seed)
        dgl.seed(seed)
        self.data = data
        self.network = Network(data)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=.01, weight_decay=5e-4)
        self.loader = dgl.dataloading.DataLoader(data.graph, train, dgl.dataloading.NeighborSampler(FANOUT),
                                                 batch_size=BATCH, shuffle=True, num_workers=0)

    def epoch(self):
        self.network.train()
        for sources, seeds, blocks in self.loader:
            logits = self.network(blocks, self.data.inputs(sources))
            loss = F.binary_cross_entropy_with_logits(logits, self.data.labels[seeds])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def scores(self):
        """All nodes, layer by layer over the whole graph."""
        self.network.eval()
        with torch.no_grad():
            graph = self.data.graph
            return torch.sigmoid(self.network([graph, graph], self.data.inputs(torch.arange(self.data.n)))).numpy()


def drawn(data, share):
    order = np.random.default_rng(0).permutation(data.n)
    return torch.from_numpy(order[:int(share * data.n)])


def auroc(labels, scores):
    order = np.argsort(scores, kind='stable')
    values, ranks = scores[order], np.arange(1, len(scores) + 1, dtype=float)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[inverse]
    positive = labels[order] > .5
    p = positive.sum()
    return float((ranks[positive].sum() - p * (p + 1) / 2) / (p * (len(scores) - p)))


class Service:
    def __init__(self, threads):
        torch.set_num_threads(threads)
        self.training, self.of = None, None

    def versions(self):
        return {'python': sys.version.split()[0], 'torch': torch.__version__, 'dgl': dgl.__version__,
                'numpy': np.__version__, 'psycopg': psycopg.__version__, 'threads': torch.get_num_threads(),
                'mkl': torch.backends.mkl.is_available()}

    def epoch(self, dsn, nodes, edges, share):
        """One epoch of training on a share of the nodes; the graph stays in memory."""
        if self.of != (nodes, edges, share):
            with psycopg.connect(dsn) as connection:
                data = Data(connection, nodes, edges)
            self.training, self.of = Training(data, drawn(data, share)), (nodes, edges, share)
            self.training.epoch()
        begin = now()
        self.training.epoch()
        return {'seconds': now() - begin}

    def score(self, dsn, nodes, edges):
        """All nodes from memory, the network alone."""
        self.epoch(dsn, nodes, edges, .02)
        begin = now()
        self.training.scores()
        return {'seconds': now() - begin}

    def whole(self, dsn, nodes, edges, share, epochs, table):
        """Tables, epochs, a score of each row in a table."""
        parts = [now()]
        with psycopg.connect(dsn) as connection:
            data = Data(connection, nodes, edges)
            parts.append(now())
            training = Training(data, drawn(data, share))
            for _ in range(epochs):
                training.epoch()
            parts.append(now())
            scores = training.scores()
            parts.append(now())
            cursor = connection.cursor()
            cursor.execute('DROP TABLE IF EXISTS %s' % table)
            cursor.execute('CREATE TABLE %s (id int, score float8)' % table)
            with cursor.copy('COPY %s FROM STDIN (FORMAT binary)' % table) as copy:
                copy.set_types(['int4', 'float8'])
                for row in zip(data.ids.tolist(), scores.tolist()):
                    copy.write_row(row)
        parts.append(now())
        return {'seconds': parts[-1] - parts[0],
                'parts': dict(zip(['read', 'train', 'score', 'write'], np.diff(parts).round(3).tolist()))}

    def quality(self, dsn, nodes, edges, target, most, seed):
        """Trains on the nodes whose id does not end in 0 or 5, until the others' AUROC reaches the target."""
        begin = now()
        with psycopg.connect(dsn) as connection:
            data = Data(connection, nodes, edges)
        held_out = data.ids % 5 == 0
        training = Training(data, torch.from_numpy(np.flatnonzero(~held_out)), seed)
        seconds, best = now() - begin, 0
        for epoch in range(1, most + 1):
            begin = now()
            training.epoch()
            seconds += now() - begin
            found = auroc(data.labels.numpy()[held_out], training.scores()[held_out])
            best = max(best, found)
            if found >= target:
                begin = now()
                training.scores()
                return {'seconds': seconds + now() - begin, 'epochs': epoch, 'auroc': found}
        return {'seconds': None, 'epochs': most, 'auroc': best}


def main():
    service = Service(int(sys.argv[1]))
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(service, request.pop('do'))(**request)
        os.write(answers, (json.dumps(answer) + '\n').encode())


main()
