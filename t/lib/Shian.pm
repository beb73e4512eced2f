# What tests of the command line share: a temporary store, shianctl in it,
# and a reader of CSV that shares no code with ours.
package Shian;

use strict;
use warnings;
use Exporter 'import';
use File::Temp ();
use JSON::PP ();

our @EXPORT_OK = qw(new_store ctl ctl_json slurp spew csv_rows shared);

my $root = __FILE__ =~ m{^(.*)/t/lib/Shian\.pm$} ? $1 : '.';
my $build = $ENV{B} || "$root/build";

# A folder that goes away with the test; the store in it is made.
sub new_store {
    my $dir = File::Temp->newdir('shian-XXXXXX', TMPDIR => 1);
    my $s = { dir => $dir, store => "$dir/store", keys => "$dir/keys",
              base => 'http://127.0.0.1:8080' };
    my $r = ctl($s, 'init');
    die "init: $r->{err}" if $r->{status} != 0;
    return $s;
}

# Runs shianctl with the store's options: { status, out, err }.
sub ctl {
    my ($s, @args) = @_;
    my ($out, $err) = map { File::Temp->new } 1 .. 2;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>&', $out or die;
        open STDERR, '>&', $err or die;
        delete @ENV{grep { /^SHIAN_/ } keys %ENV};
        exec "$build/shianctl", '--store', $s->{store}, '--keys',
            $s->{keys}, '--base-url', $s->{base}, '--html', "$root/html",
            @args;
        die "$build/shianctl: $!";
    }
    waitpid $pid, 0;
    return { status => $? >> 8, signal => $? & 127,
             out => slurp($out->filename), err => slurp($err->filename) };
}

# The last line of --json, decoded.
sub ctl_json {
    my ($s, @args) = @_;
    my $r = ctl($s, '--json', @args);
    my ($last) = $r->{out} =~ /([^\n]+)\n\z/;
    my $j = defined $last ? eval { JSON::PP->new->utf8->decode($last) } : undef;
    return $j || { error => $r->{err}, status => $r->{status} };
}

sub slurp {
    my ($path) = @_;
    open my $f, '<:raw', $path or return undef;
    local $/;
    return scalar(<$f>) // '';
}

sub spew {
    my ($path, $bytes) = @_;
    open my $f, '>:raw', $path or die "$path: $!";
    print {$f} $bytes;
    close $f or die "$path: $!";
    return $path;
}

# Text (decoded by the caller) to rows of cells, by a regular expression.
sub csv_rows {
    my ($text) = @_;
    my (@rows, @row);
    $text =~ s/^\x{feff}//;
    $text .= "\n" if $text !~ /\n\z/;
    while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/gc) {
        my ($cell, $end) = (defined $1 ? $1 : $2, $3);
        $cell =~ s/""/"/g;
        push @row, $cell;
        if ($end ne ',') {
            push @rows, [@row];
            @row = ();
        }
    }
    return @rows;
}

# Real lists kept beside the checkout, or undef where there are none.
sub shared {
    my ($path) = @_;
    my $file = "$root/../shared/data/$path";
    return -e $file ? $file : undef;
}

1;
