# What those who run the machine rely on: the manual names all there is,
# metrics by their format's rules, secrets kept, proxies, IPv6 and HTTP/2.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store configure start stop nginx_t get post header cookies
             json sign_in link_of plaque_of open_venues log_of slurp spew
             build root free_port wait_for);

my $s = demo_store(20);
my $manual = slurp(root() . '/docs/nginx.md');

# Names in the first cells of a chapter's table: what stands beside them.
sub table {
    my ($title) = @_;
    my ($chapter) = $manual =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms
        or die "no chapter $title";
    my %row;
    while ($chapter =~ /^\| (.+?) \| (.*)$/mg) {
        my ($first, $rest) = ($1, $2);
        $row{$_} = $rest for $first =~ /`(\w+)[^`]*`/g;
    }
    return %row;
}

subtest 'the manual has every directive and where it stands' => sub {
    my %row = table('Directives');
    my $source = slurp(root() . '/src/http/ngx_http_shian_module.c');
    my %place = (MAIN => 'http', SRV => 'server', LOC => 'location');
    delete $row{thread_pool};           # nginx's own
    my $n = 0;
    while ($source =~ /ngx_string\("(shian\w*)"\),\s+([A-Z_|0-9]+),/g) {
        my ($name, $flags) = ($1, $2);
        my $where = join ', ', map { $place{$_} }
            $flags =~ /NGX_HTTP_(MAIN|SRV|LOC)_CONF/g;
        like delete $row{$name} // 'nothing', qr/^\Q$where\E \|/, $name;
        $n++;
    }
    cmp_ok $n, '>=', 14, 'all of them';
    is_deeply [sort keys %row], [], 'and none that there is not';

    my $variables = slurp(root() . '/src/http/ngx_http_shian_variables.c');
    my @variables = $variables =~ /\{ ngx_string\("(shian_\w+)"\)/g;
    is_deeply [grep { $manual !~ /`\$$_`/ } @variables], [],
        scalar(@variables) . ' variables';
};

subtest 'a module made for another nginx' => sub {
    my $so = slurp(build() . '/ngx_http_shian_module.so');
    $so =~ s/(8,4,8,[01]{10})([01])/$1 . (1 - $2)/e or die 'no signature';
    my $other = spew("$s->{dir}/other.so", $so);
    my $t = configure(demo_store(5));
    my $conf = slurp("$t->{dir}/nginx.conf");
    $conf =~ s/load_module \S+;/load_module $other;/ or die;
    configure($t, conf => $conf);
    my $r = nginx_t($t);
    isnt $r->{status}, 0, 'is refused by nginx -t';
    like $r->{out}, qr/other\.so.*not binary compatible.*nginx\.conf:\d+/;
};

my ($h2, $six, $front, $real) = map { free_port() } 1 .. 4;
$s->{port} = free_port();
configure($s, http => <<"END");
    server {
        listen 127.0.0.1:$h2 http2;
        location / { shian; client_max_body_size 40m; }
    }
    server {
        listen [::1]:$six;
        location / { shian; }
    }
    server {
        listen 127.0.0.1:$front;
        client_max_body_size 40m;
        location / {
            proxy_pass http://127.0.0.1:$s->{port};
            proxy_set_header Host \$http_host;
            proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
        }
    }
    server {
        listen 127.0.0.1:$real;
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Forwarded-For;
        location / { shian; }
    }
END
start($s);
my ($v) = open_venues($s);
my $code = plaque_of($s, $v);
my $photo = slurp(root() . '/t/fuzz/corpus/photo/rgba.png');

subtest 'keys are in no dump of the configuration' => sub {
    my @keys = slurp($s->{keys}) =~ /([\w-]{43})/g;
    cmp_ok scalar(@keys), '>=', 2;
    my $dump = `@{[join ' ', Shian::nginx_command($s)]} -T 2>&1`;
    like $dump, qr/shian_keys/, 'nginx -T shows where they are';
    is_deeply [grep { index($dump, $_) >= 0 } @keys], [], 'and not them';
    is_deeply [grep { index(log_of($s), $_) >= 0 } @keys], [],
        'nor does the log';
    for my $pid (Shian::workers($s)) {
        my $line = slurp("/proc/$pid/cmdline") . slurp("/proc/$pid/environ");
        ok !grep({ index($line, $_) >= 0 } @keys), 'nor does ps';
    }
};

subtest 'metrics' => sub {
    my $a = get($s, '/metrics');
    like header($a, 'content-type'), qr{^text/plain; version=0\.0\.4};
    my (%type, %help, %seen, @wrong);
    for my $line (split /\n/, $a->{body}) {
        if ($line =~ /^# HELP (\w+) (\S.*\.)$/) {
            push @wrong, "help twice: $line" if $help{$1}++;
        } elsif ($line =~ /^# TYPE (\w+) (counter|gauge)$/) {
            push @wrong, "type twice or late: $line"
                if $type{$1} || $seen{$1};
            $type{$1} = $2;
        } elsif ($line =~ /^(\w+) -?[0-9.e+]+$/) {
            push @wrong, "no help or type: $line"
                if !$help{$1} || !$type{$1};
            push @wrong, "twice: $line" if $seen{$1}++;
        } else {
            push @wrong, "what is: $line";
        }
    }
    push @wrong, map { "$_ has no value" } grep { !$seen{$_} } keys %type;
    push @wrong, map { "$_ is a $type{$_}" }
        grep { ($type{$_} eq 'counter') != /_total$/ } keys %type;
    is_deeply \@wrong, [], 'by the rules of the format';
    is substr($a->{body}, -1), "\n", 'to the last line';
    my %row = table('Metrics');
    is_deeply [sort keys %row], [sort keys %type],
        'each of them in the manual, and no other';
};

# curl's answer: status, and the body where there is one.
sub curl {
    my (@args) = @_;
    my $out = File::Temp->new;
    open my $curl, '-|', 'curl', '-sg', '-m', '20', '-o', $out->filename,
        '-w', '%{http_code} %{http_version}', @args or die "curl: $!";
    my $status = <$curl>;
    close $curl;
    return wantarray ? ($status, slurp($out->filename)) : $status;
}

subtest 'HTTP/2' => sub {
    my $base = "http://127.0.0.1:$h2";
    my @h2 = ('--http2-prior-knowledge', '-c', "$s->{dir}/jar",
              '-b', "$s->{dir}/jar");
    my $file = spew("$s->{dir}/p.png", $photo);
    is curl(@h2, "$base/q/$code"), '307 2', 'a scan';
    my ($status, $body) = curl(@h2, '-H', 'Accept: application/json',
        '-F', 'hygiene=4', '-F', 'text=by two', '-F', "photo=\@$file",
        "$base/v/$v/reviews");
    is $status, '201 2', 'a review with a photo' or diag $body;
    my ($href) = $body =~ m{"href":"(/photos/\w+)"};
    is curl(@h2, "$base$href"), '200 2', 'and the photo';
    is curl(@h2, '--compressed', "$base/v/$v"), '200 2', 'and the page';
    is curl(@h2, '-I', "$base/v/$v"), '200 2', 'HEAD';
    is curl(@h2, '-X', 'PUT', "$base/v/$v"), '405 2';
};

subtest 'IPv6' => sub {
    my $base = "http://[::1]:$six";
    is curl("$base/v/$v"), '200 1.1', 'a page';
    is curl("$base/q/$code"), '307 1.1', 'a scan';
    is curl('-X', 'POST', $base . link_of($s, login => 'officer')),
        '303 1.1', 'signing in';
    ok wait_for(sub { log_of($s, 'access') =~ /^::1 "POST/m }),
        'logged as it came';
};

subtest 'behind a proxy' => sub {
    my $through = { %$s, port => $front };
    my $jar = {};
    my $a = get($through, "/q/$code", jar => $jar);
    is $a->{status}, 307;
    is header($a, 'location'), "/v/$v", 'a way that holds there as well';
    $a = post($through, "/v/$v/reviews", jar => $jar, multipart =>
        [hygiene => 4, text => 'by a proxy', photo => { name => 'p.png',
         type => 'image/png', data => $photo }]);
    is $a->{status}, 303, 'a review with a photo';
    $a = post($through, link_of($s, login => 'chief'), jar => $jar,
              headers => [Origin => $s->{base}]);
    is $a->{status}, 303, 'signing in';
    is get($through, '/desk', jar => { %$jar })->{status}, 200;
};

# Who has no cookie is told apart by the address that nginx knows.
subtest 'a forged address' => sub {
    my $send = sub {
        my ($port, $from) = @_;
        my $a = post({ %$s, port => $port }, '/complaints',
            headers => ['X-Forwarded-For' => $from,
                        'Idempotency-Key' => "k-$port"],
            json => { venue => $v, kind => 'report', category => 'waste',
                      text => 'smoke' });
        return json($a)->{id} // $a->{body};
    };
    is $send->($s->{port}, '192.0.2.1'), $send->($s->{port}, '192.0.2.2'),
        'is not believed';
    isnt $send->($real, '192.0.2.1'), $send->($real, '192.0.2.2'),
        'but where set_real_ip_from says so';
    my @from;
    wait_for(sub { @from = log_of($s, 'access') =~ /^(\S+) ".*complaints/mg;
                   @from >= 4 });
    is_deeply \@from,
        [qw(127.0.0.1 127.0.0.1 192.0.2.1 192.0.2.2)],
        'the log has the same';
};

unlike log_of($s), qr/exited on signal|\[(?:crit|alert|emerg)\]/;
stop($s);

subtest 'cookies under TLS' => sub {
    my $t = demo_store(5);
    configure($t, settings => <<"END");
    shian_store     $t->{store};
    shian_keys      $t->{keys};
    shian_html      @{[build()]}/html;
    shian_base_url  https://fsc.example;
END
    $t->{base} = 'https://fsc.example';
    start($t);
    my $a = get($t, '/q/' . plaque_of($t, 1));
    my %set = (%{cookies($a)},
               %{cookies(post($t, link_of($t, login => 'chief')))});
    is_deeply [sort keys %set], [qw(device scan session)];
    is_deeply [grep { !$set{$_}{secure} } sort keys %set], [],
        'go over TLS only';
    stop($t);
};

done_testing;
