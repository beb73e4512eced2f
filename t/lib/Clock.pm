# A clock that stands until a test moves it, for nginx and shianctl by
# t/lib/clock.c, and for the modules that are used after this one.
package Clock;

use strict;
use warnings;
use Exporter 'import';
use Cwd ();
use File::Temp ();

our @EXPORT_OK = qw(clock_at clock_gain clock_pass clock_now);

my $now = CORE::time();
my $stands = 0;
my $passed = 0;
my $gain = 0;
my $dir = File::Temp->newdir('clock-XXXXXX', TMPDIR => 1);

BEGIN {
    no warnings 'once';
    *CORE::GLOBAL::time = sub () { return Clock::clock_now() };
}

sub clock_now { return $stands ? $now : CORE::time() }

# In one write.  Every program started from now on looks at it.
sub show {
    if (!-e "$dir/clock") {
        my ($source) = Cwd::abs_path(__FILE__) =~ m{^(.*)/Clock\.pm$};
        system($ENV{CC} || 'cc', '-D_GNU_SOURCE', '-shared', '-fPIC', '-O1',
               '-o', "$dir/clock.so", "$source/clock.c") == 0
            or die 'clock.c';
        open my $new, '>:raw', "$dir/clock" or die "clock: $!";
        close $new;
        $ENV{TEST_CLOCK} = "$dir/clock";
        # A sanitizer's runtime has to be there first.
        $ENV{LD_PRELOAD} = join ' ', grep { defined }
            @ENV{qw(SHIAN_PRELOAD LD_PRELOAD)}, "$dir/clock.so";
    }
    open my $f, '+<:raw', "$dir/clock" or die "clock: $!";
    syswrite($f, pack 'q<3', $stands ? $now * 1000 : 0, $passed * 1000,
             $gain) == 24 or die "clock: $!";
    close $f;
}

# Sets the time of day, which stands from now on.
sub clock_at {
    ($now, $stands) = ($_[0], 1);
    show();
}

# Each look at the monotonic clock takes so many milliseconds.
sub clock_gain {
    ($gain) = @_;
    show();
}

# So many seconds go by, for timers as well.
sub clock_pass {
    my ($seconds) = @_;
    $now += $seconds;
    $passed += $seconds;
    show();
}

1;
