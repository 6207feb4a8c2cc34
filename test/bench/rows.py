"""The rows of the benchmark, in the order of the table."""
import sys

import bench
import rows_scale
import rows_score
import rows_train

ROWS = {
    'epoch': rows_train.epoch,
    'whole': rows_train.whole,
    'quality': rows_train.quality,
    'score_all': rows_score.score_all,
    'score_large': rows_score.score_large,
    'one': rows_score.one,
    'one_plain': rows_score.one_plain,
    'array': rows_score.array_of_64,
    'again': rows_score.again,
    'growth': rows_scale.growth,
    'memory': rows_scale.memory,
    'quarter': rows_scale.quarter,
    'hub': rows_scale.hub,
    'sessions': rows_score.sessions,
    'unused': rows_score.unused,
    'cancel': rows_scale.cancel,
    'estimate': rows_scale.estimate,
}

if __name__ == '__main__':
    sys.exit(bench.main(ROWS))
