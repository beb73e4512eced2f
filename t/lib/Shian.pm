# What tests share: a temporary store, shianctl in it, nginx over it, a small
# HTTP client, and a reader of CSV; none of it shares code with ours.
package Shian;

use strict;
use warnings;
use Exporter 'import';
use Cwd ();
use File::Temp ();
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Test::More ();
use Time::HiRes ();

our @EXPORT_OK = qw(new_store demo_store ctl ctl_json slurp spew csv_rows shared
                    build root free_port configure start stop nginx_t wait_for
                    connect_to send_request read_answer request get post
                    multipart json header cookies sign_in link_of plaque_of
                    open_venues seq log_of workers filing id_of);

my $root = Cwd::abs_path(__FILE__ =~ m{^(.*)/t/lib/Shian\.pm$} ? $1 : '.');
my $build = Cwd::abs_path($ENV{B} || "$root/build");
my %running;                    # masters of ours: pid => server

# A folder that goes away with the test; the store in it is made.
sub new_store {
    my $dir = File::Temp->newdir('shian-XXXXXX', TMPDIR => 1);
    my $s = { dir => $dir, store => "$dir/store", keys => "$dir/keys",
              base => 'http://127.0.0.1:8080' };
    my $r = ctl($s, 'init');
    die "init: $r->{err}" if $r->{status} != 0;
    return $s;
}

# The same with a city of so many venues in it, and its people; more options
# of `demo` after.
sub demo_store {
    my ($venues, @more) = @_;
    my $s = new_store();
    my $r = ctl($s, 'demo', '--venues', $venues || 40, @more);
    die "demo: $r->{err}" if $r->{status} != 0;
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

# Real lists kept beside the checkout, or undef, and said, where there are none.
sub shared {
    my ($path) = @_;
    my $file = "$root/../shared/data/$path";
    return $file if -e $file;
    print STDERR "# left out: no ../shared/data/$path here\n";
    return undef;
}

# ---- nginx -------------------------------------------------------------------

sub build { return $build }
sub root { return $root }

# Until the code is true; false after so many seconds.
sub wait_for {
    my ($code, $seconds) = @_;
    my $end = Time::HiRes::time() + ($seconds || 10);
    my $result;
    until ($result = $code->()) {
        return $result if Time::HiRes::time() > $end;
        select undef, undef, undef, 0.01;
    }
    return $result;
}

# None of those that the kernel may give a client before nginx listens.
sub free_port {
    for (1 .. 100) {
        my $port = 10000 + int rand 22000;
        return $port if IO::Socket::INET->new(Listen => 1,
            LocalAddr => '127.0.0.1', LocalPort => $port);
    }
    die "no port: $!";
}

# Writes nginx.conf over the store.  What may be given: main, http, server,
# location (lines for these blocks), settings (instead of the module's own in
# http), workers, level (of the error log), port.  {conf} instead is all of it.
sub configure {
    my ($s, %o) = @_;
    $s->{port} ||= $o{port} || free_port();
    $s->{base} = "http://127.0.0.1:$s->{port}";
    $_ //= '' for @o{qw(main http server location)};
    my $dir = $s->{dir};
    my $user = $> == 0 ? 'user root;' : '';
    my $pool = $o{pool} // 'thread_pool shian threads=1; '
        . 'thread_pool shian_files threads=1;';
    my $settings = $o{settings} // <<"";
    shian_store     $s->{store};
    shian_keys      $s->{keys};
    shian_html      $build/html;
    shian_base_url  $s->{base};

    my $temp = join "\n    ", map { "${_}_temp_path $dir/$_;" }
        qw(client_body proxy fastcgi uwsgi scgi);
    spew("$dir/nginx.conf", $o{conf} // <<"");
$user
daemon off;
worker_processes @{[ $o{workers} || 2 ]};
error_log $dir/error.log @{[ $o{level} || 'info' ]};
pid $dir/nginx.pid;
load_module $build/ngx_http_shian_module.so;
@{[ $ENV{SHIAN_PRELOAD} ? 'env LD_PRELOAD; env TSAN_OPTIONS; env ASAN_OPTIONS;'
                        : '' ]}
$pool
$o{main}
events { worker_connections 512; }
http {
    log_format shian '\$remote_addr "\$shian_request" \$status \$shian_role'
                     ' \$shian_op \$shian_seq \$shian_venue \$shian_user';
    access_log $dir/access.log shian;
    $temp
    gzip on;
    gzip_types text/css text/javascript image/svg+xml application/json
               application/geo+json text/csv;
    $settings
    $o{http}
    server {
        listen 127.0.0.1:$s->{port};
        $o{server}
        location / {
            shian;
            client_max_body_size 40m;
            $o{location}
        }
        location = /metrics { shian_metrics; }
    }
}

    return $s;
}

sub nginx_command {
    my ($s) = @_;
    # One that was built with the module comes first: make NGX=.
    my ($nginx) = grep { -f && -x } map { "$_/nginx" } "$build/nginx",
        split(/:/, $ENV{PATH}), '/usr/sbin';
    # A sanitizer's runtime has to be there before nginx is.
    my @env = !$ENV{SHIAN_PRELOAD} ? () : ('env',
        "LD_PRELOAD=$ENV{SHIAN_PRELOAD} " . ($ENV{LD_PRELOAD} // ''),
        'ASAN_OPTIONS=detect_leaks=0');
    return (@env, $nginx, '-q', '-e', "$s->{dir}/error.log", '-p', "$s->{dir}",
            '-c', "$s->{dir}/nginx.conf");
}

# nginx -t: what it says, and whether it is content.
sub nginx_t {
    my ($s) = @_;
    my $out = File::Temp->new;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDERR, '>&', $out or die;
        open STDOUT, '>&', $out or die;
        exec nginx_command($s), '-t';
    }
    waitpid $pid, 0;
    return { status => $? >> 8, out => slurp($out->filename) };
}

# Starts nginx on what configure wrote (or writes it); returns when it listens.
sub start {
    my ($s, %o) = @_;
    configure($s, %o) if %o || !$s->{port};
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', "$s->{dir}/nginx.out" or die;
        open STDERR, '>&', \*STDOUT or die;
        exec nginx_command($s);
    }
    $s->{pid} = $pid;
    $running{$pid} = $s;
    my $up = wait_for(sub {
        die 'nginx ended: ' . (slurp("$s->{dir}/nginx.out") // '')
            if waitpid($pid, 1) == $pid;
        return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $s->{port});
    }, 20);
    die 'nginx does not listen' if !$up;
    # It listens before there is anybody to answer.
    wait_for(sub { scalar(() = workers($s)) }, 5);
    return $s;
}

# Ends it (QUIT lets requests under way finish) and waits for that.
sub stop {
    my ($s, $signal) = @_;
    my $pid = delete $s->{pid} or return;
    kill $signal || 'TERM', $pid;
    my $gone = wait_for(sub { waitpid($pid, 1) == $pid }, 20);
    if (!$gone) {
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }
    delete $running{$pid};
    calm($s);
    return $gone;
}

# Of every test: no alert of nginx's and no word of a sanitizer.  Workers that
# a test has killed are its own doing.
sub calm {
    my ($s) = @_;
    my @bad = grep { !/exited on signal 9\b/ }
        grep { /\[alert\]|(?:Address|Leak|Thread|Undefined\w*)Sanitizer|runtime error:/ }
        split /\n/, log_of($s) . (slurp("$s->{dir}/nginx.out") // '');
    @bad = grep { $_ !~ $s->{expected} } @bad if $s->{expected};
    return if !@bad;
    my $test = Test::More->builder;
    $test->ok(0, 'no [alert] and no sanitizer in the error log');
    $test->diag(join "\n", splice @bad, 0, 10);
}

# Processes of the master, from /proc: workers, old ones included.
sub workers {
    my ($s) = @_;
    return split ' ',
        slurp("/proc/$s->{pid}/task/$s->{pid}/children") // '';
}

sub log_of {
    my ($s, $which) = @_;
    return slurp("$s->{dir}/" . ($which || 'error') . '.log') // '';
}

END {
    my $status = $?;
    for my $pid (keys %running) {
        kill 'TERM', $pid;
        wait_for(sub { waitpid($pid, 1) == $pid }, 10) or kill 'KILL', $pid;
    }
    $? = $status;
}

# ---- HTTP --------------------------------------------------------------------

sub connect_to {
    my ($s) = @_;
    my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                  PeerPort => $s->{port})
        or die "connect: $!";
    return $c;
}

sub escape {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

# [name => value] or [name => { type, name (of the file), data }], in order.
sub multipart {
    my ($fields, $boundary) = @_;
    my @list = @$fields;
    my $body = '';
    $boundary //= 'edge7f3a';
    while (my ($name, $value) = splice @list, 0, 2) {
        my $file = ref $value ? $value : { data => $value };
        utf8::encode($file->{data}) if utf8::is_utf8($file->{data});
        $body .= "--$boundary\r\nContent-Disposition: form-data; "
            . "name=\"$name\""
            . (defined $file->{name} ? "; filename=\"$file->{name}\"" : '')
            . "\r\n"
            . (defined $file->{type} ? "Content-Type: $file->{type}\r\n" : '')
            . "\r\n$file->{data}\r\n";
    }
    return ("multipart/form-data; boundary=$boundary",
            "$body--$boundary--\r\n");
}

# Writes a request on a connection.  Options: headers (array or hash), jar,
# form (array), json, multipart (array), body with type, chunked.
sub send_request {
    my ($s, $c, $method, $path, %o) = @_;
    my @h = ref $o{headers} eq 'ARRAY' ? @{$o{headers}}
        : %{$o{headers} || {}};
    my ($type, $body) = ($o{type}, $o{body});

    if ($o{form}) {
        my @f = @{$o{form}};
        my @pairs;
        while (my ($k, $v) = splice @f, 0, 2) {
            push @pairs, escape($k) . '=' . escape($v);
        }
        ($type, $body) = ('application/x-www-form-urlencoded',
                          join '&', @pairs);
    } elsif (exists $o{json}) {
        ($type, $body) = ('application/json',
            ref $o{json} ? JSON::PP->new->utf8->canonical->encode($o{json})
                         : $o{json});
    } elsif ($o{multipart}) {
        ($type, $body) = multipart($o{multipart});
    }

    my $out = "$method $path HTTP/1.1\r\n";
    $out .= "Host: 127.0.0.1:$s->{port}\r\n" if !$o{no_host};
    $out .= "Connection: close\r\n" if !$o{keep};
    if ($o{jar} && %{$o{jar}}) {
        $out .= 'Cookie: '
            . join('; ', map { "$_=$o{jar}{$_}" } sort keys %{$o{jar}})
            . "\r\n";
    }
    while (my ($k, $v) = splice @h, 0, 2) {
        $out .= "$k: $v\r\n";
    }
    $out .= "Content-Type: $type\r\n" if defined $type;

    if ($o{chunked}) {
        $out .= "Transfer-Encoding: chunked\r\n\r\n";
        $out .= sprintf("%x\r\n%s\r\n", length $_, $_)
            for unpack '(a60000)*', $body;
        $out .= "0\r\n\r\n";
    } else {
        $out .= 'Content-Length: ' . length($body // '') . "\r\n"
            if defined $body || $method eq 'POST';
        $out .= "\r\n" . ($body // '');
    }

    # The server may answer and close before it has read all.
    local $SIG{PIPE} = 'IGNORE';
    my ($at, $answers) = (0, IO::Select->new($c));
    while ($at < length $out) {
        last if $at > 0 && $answers->can_read(0);
        my $n = syswrite $c, $out, 65536, $at;
        last if !defined $n;
        $at += $n;
    }
    return $c;
}

# { status, head, headers { name => [values] }, body } or undef.
sub read_answer {
    my ($c, $method, $seconds) = @_;
    my $select = IO::Select->new($c);
    my $end = Time::HiRes::time() + ($seconds || 20);
    my $in = '';
    my $more = sub {
        my $left = $end - Time::HiRes::time();
        return 0 if $left <= 0 || !$select->can_read($left);
        return sysread($c, $in, 65536, length $in) ? 1 : 0;
    };
    while ($in !~ /\r\n\r\n/) {
        $more->() or return undef;
    }
    my ($head, $rest) = split /\r\n\r\n/, $in, 2;
    my ($line, @lines) = split /\r\n/, $head;
    my %a = (head => $head, status => (split / /, $line)[1], headers => {});
    for (@lines) {
        my ($k, $v) = split /:\s*/, $_, 2;
        push @{$a{headers}{lc $k}}, $v;
    }
    if ($a{status} eq '100') {
        $in = $rest;
        while ($in !~ /\r\n\r\n/) { $more->() or return undef }
        return undef;
    }
    my $length = $a{headers}{'content-length'}[0];
    my $chunked = ($a{headers}{'transfer-encoding'}[0] // '') eq 'chunked';
    if (($method // '') eq 'HEAD' || $a{status} =~ /^(?:204|304)$/) {
        $a{body} = '';
        return \%a;
    }
    if (!$chunked) {
        1 while (!defined $length
                 || length($in) < length($head) + 4 + $length)
                && $more->();
        $a{body} = substr $in, length($head) + 4;
        return \%a;
    }
    1 while $in !~ /\r\n0\r\n\r\n\z/ && $more->();
    my ($raw, $body) = (substr($in, length($head) + 4), '');
    while ($raw =~ s/^([0-9a-fA-F]+)\r\n//) {
        my $n = hex $1;
        $body .= substr $raw, 0, $n, '';
        $raw =~ s/^\r\n//;
    }
    $a{body} = $body;
    return \%a;
}

# One request on a connection of its own; cookies of the answer go to the jar.
sub request {
    my ($s, $method, $path, %o) = @_;
    my $c = connect_to($s);
    send_request($s, $c, $method, $path, %o);
    my $a = read_answer($c, $method) || { status => 0, head => '',
                                          headers => {}, body => '' };
    if ($o{jar}) {
        my $set = cookies($a);
        for my $name (keys %$set) {
            if ($set->{$name}{value} eq '') {
                delete $o{jar}{$name};
            } else {
                $o{jar}{$name} = $set->{$name}{value};
            }
        }
    }
    return $a;
}

sub get { my ($s, $path, @o) = @_; return request($s, 'GET', $path, @o) }
sub post { my ($s, $path, @o) = @_; return request($s, 'POST', $path, @o) }

sub header {
    my ($answer, $name) = @_;
    return join ', ', @{$answer->{headers}{lc $name} || []};
}

# { name => { value, attributes } } of what the answer sets.
sub cookies {
    my ($answer) = @_;
    my %set;
    for (@{$answer->{headers}{'set-cookie'} || []}) {
        my ($pair, @attributes) = split /;\s*/;
        my ($name, $value) = split /=/, $pair, 2;
        $set{$name} = { value => $value,
                        map { my ($k, $v) = split /=/, $_, 2;
                              (lc $k => $v // 1) } @attributes };
    }
    return \%set;
}

sub json {
    my ($answer) = @_;
    return eval { JSON::PP->new->utf8->decode($answer->{body}) } || {};
}

# ---- the city's people -------------------------------------------------------

# The path of a sign-in link: (login => L) or (venue => ID), more options after.
sub link_of {
    my ($s, $kind, $who, @more) = @_;
    my $r = ctl($s, 'link', "--$kind", $who, @more);
    my ($last) = $r->{out} =~ /([^\n]+)\n\z/ or die "link: $r->{err}";
    $last =~ s/^\Q$s->{base}\E//;
    return $last;
}

# A jar that holds a session of theirs.
sub sign_in {
    my ($s, $kind, $who) = @_;
    my $jar = {};
    my $a = post($s, link_of($s, $kind, $who), jar => $jar);
    die "sign-in of $who: $a->{status} $a->{body}" if !$jar->{session};
    return $jar;
}

# Issues a plaque to the venue: its code.
sub plaque_of {
    my ($s, $venue) = @_;
    my $r = ctl($s, 'plaque', 'issue', $venue);
    $r->{out} =~ m{/Q/([0-9A-Z]{17})} or die "plaque: $r->{err}";
    return $1;
}

# Ids of venues that are active, in order.
sub open_venues {
    my ($s) = @_;
    my $list = json(get($s, '/venues.json?limit=100'))->{items};
    return sort { $a <=> $b }
        map { $_->{id} } grep { $_->{status} eq 'active' } @$list;
}

# Files a complaint so many times, past nginx: the first one's number.
sub filing {
    my ($s, $n, $form, @photo) = @_;
    my $tool = "$build/filing";
    my $made = "$tool.$$";
    if (!-x $tool || grep { -M $tool > -M $_ } "$build/libshian.a",
        "$root/t/lib/filing.c")
    {
        system('cc', '-std=c11', '-D_GNU_SOURCE', '-O1', "-I$root/src",
               "-I$build/gen", "$root/t/lib/filing.c", "$build/libshian.a",
               $build =~ /asan/ ? '-fsanitize=address,undefined'
               : $build =~ /tsan/ ? '-fsanitize=thread' : (),
               map({ "-l$_" } qw(lmdb sodium qrencode pcre2-8 protobuf-c
                                 jansson utf8proc png z m)),
               '-o', $made) == 0 or die 'filing.c';
        rename $made, $tool or die "$tool: $!";
    }
    my $json = File::Temp->new;
    print {$json} JSON::PP->new->utf8->encode($form);
    close $json;
    my $out = File::Temp->new;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', $json->filename or die;
        open STDOUT, '>&', $out or die;
        exec $tool, $s->{store}, $s->{keys}, $n,
            @photo;
    }
    waitpid $pid, 0;
    die "filing: $?" if $? != 0;
    return slurp($out->filename) + 0;
}

# The id that the bureau has for a filing's number; $jar is an officer's.
sub id_of {
    my ($s, $jar, $number) = @_;
    my $a = get($s, "/desk/complaints.json?q=$number", jar => $jar);
    return json($a)->{items}[0]{id};
}

sub seq {
    my ($s) = @_;
    return ctl_json($s, 'stat')->{seq};
}

1;
