# A clock that stands until a test moves it, for nginx and shianctl by
# t/lib/clock.c, and for the modules that are used after this one.
package Clock;

use strict;
use warnings;
use Exporter 'import';
use Cwd ();
use File::Temp ();

our @EXPORT_OK = qw(clock_at clock_pass clock_now);

my $now = CORE::time();
my $passed = 0;
my $dir = File::Temp->newdir('clock-XXXXXX', TMPDIR => 1);

BEGIN {
    no warnings 'once';
    *CORE::GLOBAL::time = sub () { return Clock::clock_now() };
}

sub clock_now { return $now }

# One write: whoever reads sees both numbers of one moment, or of the next.
sub show {
    open my $f, '+<:raw', "$dir/clock" or die "clock: $!";
    syswrite($f, pack 'q<2', $now * 1000, $passed * 1000) == 16
        or die "clock: $!";
    close $f;
}

# Sets the time of day, and has every program started from now on look at it.
sub clock_at {
    my ($seconds) = @_;
    $now = $seconds;
    if (!-e "$dir/clock") {
        my ($source) = Cwd::abs_path(__FILE__) =~ m{^(.*)/Clock\.pm$};
        system($ENV{CC} || 'cc', '-D_GNU_SOURCE', '-shared', '-fPIC', '-O1',
               '-o', "$dir/clock.so", "$source/clock.c") == 0
            or die 'clock.c';
        open my $f, '>:raw', "$dir/clock" or die "clock: $!";
        print {$f} "\0" x 16;
        close $f;
        $ENV{STANDING_CLOCK} = "$dir/clock";
        # A sanitizer's runtime has to be there first.
        $ENV{LD_PRELOAD} = join ' ', grep { defined }
            @ENV{qw(SHIAN_PRELOAD LD_PRELOAD)}, "$dir/clock.so";
    }
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
