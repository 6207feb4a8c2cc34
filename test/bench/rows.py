"""The rows of the benchmark, in the order of the table."""
import sys

import bench
import rows_train

ROWS = {
    'epoch': rows_train.epoch,
    'whole': rows_train.whole,
    'quality': rows_train.quality,
}

if __name__ == '__main__':
    sys.exit(bench.main(ROWS))
