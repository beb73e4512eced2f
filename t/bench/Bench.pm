# A city and its nginx for the benchmarks, alternated runs, and the table.

package Bench;

use strict;
use warnings;

use Exporter 'import';
use File::Path qw(make_path);
use File::Temp ();
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
    csv ctl empty_city figure free_port get nginx ratio shell stop table
    write_file wrk
);

our $B = $ENV{B} // 'build';
our $DIR = File::Temp->newdir('shian-bench-XXXXXX', TMPDIR => 1);

my %running;
my @rows;
my @figures;

END { local $?; stop($_) for keys %running }

$SIG{INT} = $SIG{TERM} = sub { exit 1 };

sub shell {
    my @command = @_;
    open my $pipe, '-|', @command or die "$command[0]: $!\n";
    my $out = do { local $/; <$pipe> };
    close $pipe or die "@command: failed\n$out";
    return $out;
}

sub write_file {
    my ($path, $text) = @_;
    open my $f, '>:raw', $path or die "$path: $!\n";
    print $f $text or die "$path: $!\n";
    close $f or die "$path: $!\n";
}

# A port that was free a moment ago.
sub free_port {
    my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1',
        LocalPort => 0) or die "no port: $!\n";
    return $s->sockport;
}

sub ctl {
    my ($dir, @command) = @_;
    return shell("$B/shianctl", '--json', '--store', "$dir/store", '--keys',
        "$dir/keys", '--html', "$B/html", @command);
}

# An empty store in DIR/name.
sub empty_city {
    my $dir = "$DIR/$_[0]";
    make_path($dir);
    ctl($dir, 'init');
    return $dir;
}

# Venues and nothing else, as a CSV file.
sub csv {
    my ($rows) = @_;
    my $path = "$DIR/$rows.csv";
    write_file($path, join '', "ref,name,address,lng,lat,district,category\n",
        map {
            sprintf "R%d,Noodles %d,%d Canal Street,121.%04d,29.%04d,%s,%s\n",
                $_, $_, $_, $_ % 10000, $_ * 7 % 10000,
                'district ' . $_ % 8, 'kind ' . $_ % 12
        } 1 .. $rows);
    return $path;
}

# nginx with one worker over a city; %o: store (further parameters),
# preload, http (further configuration).  Returns its process id.
sub nginx {
    my ($dir, $port, %o) = @_;
    my $store = $o{store} // '';
    my $user = $> == 0 ? 'user root;' : '';
    my $http = $o{http} // '';
    my $html = -d "$B/html" ? "$B/html" : 'html';

    write_file("$dir/nginx.conf", <<"END");
$user
daemon            off;
worker_processes  1;
error_log         $dir/error.log error;
pid               $dir/nginx.pid;
load_module       $B/ngx_http_shian_module.so;
thread_pool       shian threads=1;
thread_pool       shian_files threads=1;
events { worker_connections 4096; }
http {
    access_log             off;
    client_body_temp_path  $dir/body;
    proxy_temp_path        $dir/proxy;
    fastcgi_temp_path      $dir/fastcgi;
    uwsgi_temp_path        $dir/uwsgi;
    scgi_temp_path         $dir/scgi;
    server_tokens          off;
    sendfile               on;
    tcp_nopush             on;
    keepalive_requests     1000000000;
    shian_store            $dir/store $store;
    shian_keys             $dir/keys;
    shian_html             $html;
    shian_base_url         http://127.0.0.1:$port;
    server {
        listen  127.0.0.1:$port;
        location / { shian; }
    }
    $http
}
END

    my $bin = -x '/usr/sbin/nginx' ? '/usr/sbin/nginx' : 'nginx';
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        $ENV{LD_PRELOAD} = $o{preload} if $o{preload};
        exec $bin, '-e', "$dir/error.log", '-p', $dir, '-c',
            "$dir/nginx.conf" or POSIX::_exit(1);
    }
    $running{$pid} = 1;

    for (1 .. 100) {
        return $pid if IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $port);
        sleep 0.05;
    }
    die "nginx does not answer; see $dir/error.log\n";
}

sub stop {
    my ($pid) = @_;
    return if !delete $running{$pid};
    kill 'TERM', $pid;
    waitpid $pid, 0;
}

# Raw answer to a GET: status, headers as pairs in order, body.
sub get {
    my ($port, $path, @headers) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
        or die "connect: $!\n";
    binmode $s;
    print $s join "\r\n", "GET $path HTTP/1.1", 'Host: 127.0.0.1',
        'Connection: close', @headers, '', '';
    my $answer = do { local $/; <$s> };
    my ($head, $body) = split /\r\n\r\n/, $answer, 2;
    my ($first, @lines) = split /\r\n/, $head;
    my ($status) = $first =~ / (\d+)/;
    return ($status, [map { [split /: /, $_, 2] } @lines], $body);
}

# Requests a second of wrk, and its 99th percentile in microseconds.
sub wrk {
    my ($url, %o) = @_;
    my $out = shell('wrk', '-t1', '-c' . ($o{clients} // 32),
        '-d' . ($o{seconds} // 1) . 's', '--latency',
        (map { ('-H', $_) } @{ $o{headers} // [] }), $url);
    die "$url:\n$out" if $out =~ /Non-2xx|Socket errors/;
    my ($rate) = $out =~ m{Requests/sec:\s+([\d.]+)} or die $out;
    my ($n, $unit) = $out =~ /99%\s+([\d.]+)(us|ms|s)\b/ or die $out;
    return ($rate, $n * { us => 1, ms => 1000, s => 1e6 }->{$unit});
}

sub median {
    my @s = sort { $a <=> $b } @_;
    return @s % 2 ? $s[@s / 2] : ($s[@s / 2 - 1] + $s[@s / 2]) / 2;
}

# Runs ours and theirs in turn, n times; the ratio of each pair is one
# sample, so what slows the machine for a while slows both.
sub ratio {
    my ($what, $target, $n, $ours, $theirs) = @_;
    my @samples;
    for my $i (1 .. $n) {
        my ($first, $second) = $i % 2 ? ($ours, $theirs) : ($theirs, $ours);
        my $a = $first->();
        my $b = $second->();
        push @samples, $i % 2 ? $a / $b : $b / $a;
        print STDERR '.';
    }
    my @s = sort { $a <=> $b } @samples;
    push @rows, [$what, median(@s), $s[0], $s[-1], $target];
}

# What has nothing to be compared with, as it came out each time.
sub figure {
    my ($what, $target, @samples) = @_;
    my @s = sort { $a <=> $b } @samples;
    push @figures, [$what, median(@s), $s[0], $s[-1], $target];
}

sub table {
    print STDERR "\n";
    for (['ratio', 2, @rows], ['figure', 1, @figures]) {
        my ($title, $digits, @lines) = @$_;
        next if !@lines;
        printf "%-58s %8s  %-15s %s\n", $title, 'median', 'min-max',
            'target';
        printf "%-58s %8.*f  %-15s %s\n", $_->[0], $digits, $_->[1],
            sprintf('%.*f-%.*f', $digits, $_->[2], $digits, $_->[3]), $_->[4]
            for @lines;
    }
}

1;
