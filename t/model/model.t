# What the rules come to, worked out a second time by a program of its own, and
# a random city that both are asked about.

use strict;
use warnings;
use Test::More;
use FindBin;

is system('python3', '-B', "$FindBin::Bin/test_rules.py", '-q'), 0,
    'the model on cases worked out by hand';
is system('python3', '-B', "$FindBin::Bin/city.py", '--seed', 5, '--busy', 9,
          '--days', 60), 0, 'sixty days of a city';
done_testing;
