"""Rows about training."""
import statistics
import time

from bench import Result, Skip, milliseconds, ratio_of, spread

SHARE = 0.7                 # of the nodes, to train on


def sage_epoch(bench, connection, graph, epochs):
    """Seconds of each epoch of one training, the evaluations in it included."""
    sql = bench.train_sql(graph.name + '_epoch', graph.name, epochs, options=', "split": [0.7, 0.1, 0.2]')
    begin = time.perf_counter()
    seconds = connection.seconds(sql)
    # sage takes its seconds from the wall: of them the share that the training was on a processor
    share = 1 if connection.clock == 'wall' else seconds / (time.perf_counter() - begin)
    rows = connection.query("SELECT seconds FROM sage.epochs WHERE NOT baseline AND run = (SELECT max(run) FROM sage.epochs"
                            " WHERE model = '%s_epoch') ORDER BY epoch" % graph.name)
    return [share * float(row[0]) for row in rows]


def epoch(bench):
    """An epoch of sage, then one of the opponent, and so on; 1 and 2 threads."""
    graph = bench.graph('git')
    results = []
    for threads in 1, 2:
        opponent, connection = bench.opponent_or_none(threads), bench.connect(threads)
        note = bench.threads_note(threads)
        sage, dgl = [], []
        for _ in range(bench.repeats(5)):
            sage += sage_epoch(bench, connection, graph, 2)
            if opponent:
                dgl += [opponent.do('epoch', dsn=bench.dsn, nodes=graph.node_table, edges=graph.edge_table,
                                    share=SHARE)['seconds'] for _ in range(2)]
        results.append(Result(
            'training epoch, %d thread%s' % (threads, 's' * (threads > 1)), spread(sage),
            'DGL ' + spread(dgl) if dgl else bench.opponent_error or '', ratio_of(dgl, sage) if dgl else None, 2, 4,
            note=note or "sage's has the evaluation on a tenth of the labels in it, DGL's has none",
            runs={'sage': sage, 'dgl': dgl}))
        connection.close()
    return results


def sage_whole(bench, graph, threads):
    """Seconds of it all, and of its parts."""
    with bench.connect(threads) as connection:
        begin = time.perf_counter()
        training = connection.seconds(bench.train_sql('whole', 'git', 3, options=', "split": [0.7, 0.1, 0.2]'))
        share = 1 if connection.clock == 'wall' else training / (time.perf_counter() - begin)
        connection.query('DROP TABLE IF EXISTS bench.scores')
        scoring = connection.seconds("CREATE TABLE bench.scores AS SELECT id, sage_predict(id, 'whole') AS score FROM %s"
                                     % graph.node_table)
        learning = {baseline: share * float(seconds) for baseline, seconds in connection.query(
            "SELECT baseline, sum(seconds) FROM sage.epochs WHERE run = (SELECT max(run) FROM sage.epochs"
            " WHERE model = 'whole') GROUP BY baseline")}
    return training + scoring, {'read, store and so on': training - sum(learning.values()), 'epochs': learning['f'],
                                'baseline': learning['t'], 'score and write': scoring}


def parts_text(parts):
    """The medians of the parts."""
    return ', '.join('%s %s' % (name, milliseconds(statistics.median(part[name] for part in parts))) for name in parts[0])


def whole(bench):
    """Tables -> 3 epochs -> a score of each row in a table."""
    graph = bench.graph('git')
    results = []
    for threads in 1, 2:
        opponent, sage, dgl, parts = bench.opponent_or_none(threads), [], [], {'sage': [], 'dgl': []}
        for _ in range(bench.repeats(5, 1)):
            seconds, of_it = sage_whole(bench, graph, threads)
            sage.append(seconds)
            parts['sage'].append(of_it)
            if opponent:
                answer = opponent.do('whole', dsn=bench.dsn, nodes=graph.node_table, edges=graph.edge_table, share=SHARE,
                                     epochs=3, table='bench.scores')
                dgl.append(answer['seconds'])
                parts['dgl'].append(answer['parts'])
        results.append(Result(
            'tables, 3 epochs, all scores in a table; %d thread%s' % (threads, 's' * (threads > 1)), spread(sage),
            'Python ' + spread(dgl) if dgl else bench.opponent_error or '', ratio_of(dgl, sage) if dgl else None, 5, 10,
            note='; '.join(filter(None, [bench.threads_note(threads), 'sage: ' + parts_text(parts['sage']),
                                         'Python: ' + parts_text(parts['dgl']) if dgl else ''])),
            runs={'sage': sage, 'dgl': dgl, 'parts': parts}))
    return results


def auroc(pairs):
    """Of (score, is positive) pairs; equal scores count half."""
    pairs = sorted(pairs)
    ranks, positives, i = 0.0, 0, 0
    while i < len(pairs):
        j = i
        while j < len(pairs) and pairs[j][0] == pairs[i][0]:
            j += 1
        found = sum(positive for _, positive in pairs[i:j])
        ranks += found * (i + j + 1) / 2
        positives += found
        i = j
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(pairs) - positives))


def sage_quality(bench, graph, epochs, seed):
    """(seconds from the call to the first score, AUROC of the held out fifth) after so many epochs."""
    labels = 'SELECT id AS node, label FROM %s WHERE id %% 5 <> 0' % graph.node_table
    with bench.connect() as connection:
        seconds = connection.seconds(bench.train_sql(
            'quality', 'git', epochs, labels, ', "exclude": ["label"], "split": [0.9, 0.1, 0], "seed": %d' % seed))
        seconds += connection.seconds("SELECT sage_predict(5, 'quality')")
        rows = connection.query("SELECT sage_predict(id, 'quality'), label FROM %s WHERE id %% 5 = 0" % graph.node_table)
    return seconds, auroc([(float(score), label == '1') for score, label in rows])


def quality(bench):
    """
    Time until the AUROC of a held out fifth is .905: the fewest epochs that
    reach it, for both; the opponent looks after each epoch at no charge.
    """
    graph = bench.graph('git')
    target, most = 0.905, 8
    sage, dgl, found = [], [], []
    opponent = bench.opponent_or_none(1)
    for seed in range(1, 1 + bench.repeats(3, 1)):
        for epochs in range(1, most + 1):
            seconds, reached = sage_quality(bench, graph, epochs, seed)
            if reached >= target:
                break
        else:
            raise Skip('sage has not reached %.3f in %d epochs: %.4f' % (target, most, reached))
        sage.append(seconds)
        found.append('%.4f after %d' % (reached, epochs))
        if opponent:
            answer = opponent.do('quality', dsn=bench.dsn, nodes=graph.node_table, edges=graph.edge_table, target=target,
                                 most=most, seed=seed)
            if answer['seconds'] is None:
                found.append('DGL not reached, %.4f' % answer['auroc'])
                continue
            dgl.append(answer['seconds'])
            found.append('DGL %.4f after %d' % (answer['auroc'], answer['epochs']))
    return [Result('AUROC %.3f of a held out fifth, %s' % (target, 'musae_git' if graph.real else 'made up graph'),
                   spread(sage), 'Python ' + spread(dgl) if dgl else bench.opponent_error or '',
                   ratio_of(dgl, sage) if dgl else None, 4, 10, note='epochs: ' + ', '.join(found),
                   runs={'sage': sage, 'dgl': dgl})]
