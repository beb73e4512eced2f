# faults C1, B9: another site on the same nginx never notices us, whatever
# mistake is made about store, owner, size, keys, pages and documents, through
# nginx -t, a start and a reload; and what was wrong comes back by itself.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store configure start stop nginx_t get post header json
             slurp spew build free_port wait_for workers log_of root
             connect_to send_request read_answer ctl);

plan skip_all => 'needs root: it gives files to another user' if $> != 0;

my ($uid, $gid) = (getpwnam 'www-data')[2, 3];
plan skip_all => 'there is no user www-data' if !defined $uid;

my $s = demo_store(8, '--complaints', 0);
my $dir = $s->{dir};
my $html = "$dir/html";
chmod 0755, $dir or die;
system('cp', '-R', build() . '/html', $html) == 0 or die;
mkdir $_ or die for "$dir/city", "$dir/city/holidays";
spew("$dir/words", "word\n");
my $plain = free_port();
my $second = demo_store(5, '--complaints', 0);
chmod 0755, $second->{dir} or die;
my $other = free_port();

sub own { system('chown', '-R', 'www-data:www-data', @_) == 0 or die }
own($s->{store}, $second->{store});

# The configuration: the plain site, our city and a second one.
sub write_conf {
    my %o = @_;
    $s->{port} ||= free_port();
    $s->{base} = "http://127.0.0.1:$s->{port}";
    my $temp = join "\n    ", map { "${_}_temp_path $dir/$_;" }
        qw(client_body proxy fastcgi uwsgi scgi);
    my $store = $o{store} // $s->{store};
    my $keys = $o{keys} // $s->{keys};
    spew("$dir/nginx.conf", <<"END");
user www-data;
daemon off;
worker_processes 2;
error_log $dir/error.log info;
pid $dir/nginx.pid;
load_module @{[build()]}/ngx_http_shian_module.so;
thread_pool shian threads=1;
thread_pool shian_files threads=1;
events { worker_connections 256; }
http {
    access_log off;
    $temp
    shian_html $html;
    server {
        listen 127.0.0.1:$plain;
        location / { return 200 "plain\\n"; }
    }
    server {
        listen 127.0.0.1:$s->{port};
        shian_store $store;
        shian_keys $keys;
        shian_base_url $s->{base};
        shian_words $dir/words;
        shian_grading on;
        location / { shian; }
        location = /metrics { shian_metrics; }
    }
    server {
        listen 127.0.0.1:$other;
        shian_store $second->{store};
        shian_keys $second->{keys};
        shian_base_url http://127.0.0.1:$other;
        location / { shian; }
    }
    shian_documents $dir/city;
}
END
    return $s;
}

my %plain = (%$s, port => $plain);
my %second = (%$second, port => $other);
my $asked = 0;
my $missed = 0;

sub plain {
    $asked++;
    my $a = get(\%plain, '/');
    $missed++ if $a->{status} != 200 || $a->{body} ne "plain\n";
    return $a->{status};
}

# Our city's status by a path, the plain site being asked as often.
sub city {
    my ($path) = @_;
    plain();
    return get($s, $path // '/venues')->{status};
}

sub becomes {
    my ($status) = @_;
    return wait_for(sub {
        # Each worker has its own: both must say so.
        my @got = map { city() } 1 .. 6;
        return !grep { $_ != $status } @got;
    }, 15);
}

sub reload {
    my %old = map { $_ => 1 } workers($s);
    kill 'HUP', $s->{pid};
    return wait_for(sub {
        plain();
        my @now = workers($s);
        return @now == 2 && !grep { $old{$_} } @now;
    }, 15);
}

# A mistake: what makes it, and what of ours it may close (city or both).
my $data = "$s->{store}/data.mdb";
my $whole;

sub keep { $whole = slurp($data) }
sub cut {
    my ($n) = @_;
    return [sub { keep(); truncate $data, $n or die },
            sub { spew($data, $whole); own($s->{store}) }, qr/data\.mdb/];
}
sub mode {
    my ($path, $owner, $mode) = @_;
    my ($was, $u, $g);
    return [sub { ($was, $u, $g) = (stat $path)[2, 4, 5];
                  chown 0, 0, $path or die "$path: $!";
                  chmod $mode, $path or die },
            sub { chown $u, $g, $path or die;
                  chmod $was & 07777, $path or die }, qr/www-data may not/];
}
sub replaced {
    my ($path, $bytes, $words) = @_;
    my $was;
    my $mode;
    return [sub { $was = slurp($path); $mode = (stat $path)[2] & 07777;
                  spew($path, $bytes) },
            sub { defined $was ? spew($path, $was) : unlink $path },
            $words];
}
sub moved {
    my ($path, $words) = @_;
    return [sub { rename $path, "$path.away" or die "$path: $!" },
            sub { rename "$path.away", $path or die }, $words];
}
sub added {
    my ($path, $bytes, $words) = @_;
    return [sub { spew($path, $bytes) }, sub { unlink $path or die }, $words];
}

my $size = -s $data;
my $keys = slurp($s->{keys});
my @mistakes = (
    ['the folder is root\'s', mode($s->{store}, 0, 0750)],
    ['the folder cannot be written', mode($s->{store}, 0, 0755)],
    ['data.mdb is root\'s', mode($data, 0, 0600)],
    ['data.mdb can be read only', mode($data, 0, 0644)],
    ['lock.mdb is root\'s', mode("$s->{store}/lock.mdb", 0, 0600)],
    ['photos are root\'s', mode("$s->{store}/photos", 0, 0700)],
    ['a parent is closed', mode($dir, 0, 0700), 'both'],
    ['there is no folder', moved($s->{store}, qr/shianctl init/)],
    ['there is no data.mdb', moved($data, qr/shianctl init/)],
    (map { ["data.mdb has $_ bytes", cut($_)] }
        0, 1, 100, 4095, 4096, 8192, 12288, 20000, int($size / 2),
        int($size / 4096 / 3) * 4096),
    ['data.mdb is something else', replaced($data, 'x' x 50_000,
                                            qr/damaged/)],
    ['data.mdb begins with zeros', [
        sub { keep(); open my $f, '+<', $data or die; print {$f} "\0" x 4096;
              close $f }, sub { spew($data, $whole) }, qr/damaged/]],
    ['no keys', moved($s->{keys}, qr/keys/)],
    ['empty keys', replaced($s->{keys}, '', qr/keys/)],
    ['half the keys', replaced($s->{keys}, substr($keys, 0, 60), qr/keys/)],
    ['keys for all to read', [sub { chmod 0644, $s->{keys} },
                              sub { chmod 0600, $s->{keys} }, qr/0600/]],
    ['no pages', moved($html, qr/html/), 'both'],
    ['no templates', moved("$html/templates", qr/html/), 'both'],
    ['no page of a venue', moved("$html/templates/venue.html", qr/venue/),
     'both'],
    ['an empty template', replaced("$html/templates/layout.html", '',
                                   qr/./), 'may'],
    ['a template cut short', replaced("$html/templates/venue.html",
                                      '{{#name}}', qr/venue\.html:1/),
     'both'],
    ['a template not in UTF-8', replaced("$html/templates/venue.html",
                                         "\xff\xfe", qr/UTF-8/), 'both'],
    ['a template of another view', replaced("$html/templates/venue.html",
        '{{no_such_field}}', qr/no_such_field/), 'both'],
    ['no texts', moved("$html/lang/zh.json", qr/zh\.json/), 'both'],
    ['no static files', moved("$html/static", qr/static/), 'both'],
    ['no style', moved("$html/static/shian.css", qr/shian\.css/), 'both'],
    ['a style that only root reads', mode("$html/static/shian.css", 0, 0600),
     'both', qr/shian\.css/],
    ['templates that only root reads', mode("$html/templates", 0, 0700),
     'both', qr/html/],
    ['no words', moved("$dir/words", qr/words/)],
    ['words not in UTF-8', replaced("$dir/words", "\xff\xff", qr/UTF-8/)],
    ['words that only root reads', mode("$dir/words", 0, 0600), undef,
     qr/words/],
    ['no calendars', moved("$dir/city/holidays", qr/holidays/), 'both'],
    ['a calendar with a day that is none', added(
        "$dir/city/holidays/2027.csv", "date,kind\n2027-02-30,holiday\n",
        qr/2027\.csv/), 'both'],
    ['categories that are none', added("$dir/city/categories.json", '{',
                                       qr/categories\.json/), 'both'],
    ['texts of a step that is none', added("$dir/city/texts.json",
        '{"fly": []}', qr/texts\.json/), 'both'],
);

cmp_ok scalar(@mistakes), '>=', 40, 'mistakes';

write_conf();
my $r = nginx_t($s);
is $r->{status}, 0, 'a good one';
is $r->{out}, '', 'has nothing to remark' or diag $r->{out};
start($s);
ok becomes(200), 'the city is there';
mkdir "$s->{store}/photos";
own($s->{store});

# A test of one mistake: -t, then by `how` it comes to the workers.
for my $i (0 .. $#mistakes) {
    my ($what, $m, $both, $words) = @{$mistakes[$i]};
    my ($make, $mend, $says) = @$m;
    $words //= $says;
    subtest $what => sub {
        # By turns: found by a reload, found under a running nginx after it
        # was stopped, and at a start.
        my $how = $i % 2 ? 'start' : 'reload';
        my $cut = $what =~ /bytes|something|zeros/;
        # A file that is cut while it is mapped ends who reads it: stop first.
        $how = 'start' if $cut;
        stop($s) if $how eq 'start';
        $make->();
        my $t = nginx_t($s);
        is $t->{status}, 0, '-t is content';
        if (($both // '') ne 'may') {
            like $t->{out}, qr/\[warn\].*$words.*nginx\.conf:\d+/s,
                'and says what is wrong' or diag $t->{out};
        }
        is scalar(grep { /\S/ && !/\[warn\] shian: / } split /\n/, $t->{out}),
            0, 'in lines of its own' or diag $t->{out};
        if ($how eq 'start') {
            start($s);
        } else {
            ok reload(), 'a reload goes through';
        }
        ok wait_for(sub { scalar(() = workers($s)) == 2 }), 'there are workers';
        my @w = workers($s);
        if (($both // '') ne 'may') {
            ok becomes(503), 'the city answers 503';
            my $a = get($s, '/healthz', headers => [Accept =>
                                                    'application/json']);
            like header($a, 'retry-after'), qr/^\d+$/, 'try again later';
            my $other = $both ? 503 : 200;
            ok wait_for(sub {
                !grep { get(\%second, '/venues')->{status} != $other } 1 .. 4
            }), 'the second city';
            is post($s, '/complaints', form => [text => 'x'])->{status}, 503,
                'nothing is taken';
            is get($s, '/metrics')->{status}, 200, 'metrics';
        }
        plain() for 1 .. 5;
        $mend->();
        if ($what =~ /keys/) {
            ok reload(), 'keys are the master\'s to read';
        }
        ok becomes(200), 'it comes back by itself';
        ok wait_for(sub {
            !grep { get(\%second, '/venues')->{status} != 200 } 1 .. 4
        }), 'so does the second';
        is join(' ', sort @w), join(' ', sort(workers($s))),
            'the workers lived on' if $what !~ /keys/;
    };
}

# faults B9.
subtest 'files change under a running nginx' => sub {
    my @w = workers($s);
    my $keep = "$dir/kept";
    for my $what ('moved away', 'replaced by a copy', 'lock file deleted',
                  'deleted')
    {
        system('cp', '-a', $s->{store}, $keep) == 0 or die;
        if ($what eq 'lock file deleted') {
            unlink "$s->{store}/lock.mdb" or die;
        } else {
            rename $s->{store}, "$s->{store}.away" or die;
            rename $keep, $s->{store} or die if $what =~ /replaced/;
        }
        if ($what =~ /moved|^deleted/) {
            system('rm', '-r', "$s->{store}.away") if $what eq 'deleted';
            ok becomes(503), "$what: 503";
            is get($s, '/healthz')->{status}, 503, 'healthz as well';
            rename $what eq 'deleted' ? $keep : "$s->{store}.away",
                $s->{store} or die;
        }
        ok becomes(200), "$what: it is open again";
        system('rm', '-rf', "$s->{store}.away", $keep);
    }
    like log_of($s), qr/\[warn\].*moved, deleted, replaced or cut/;
    is join(' ', sort @w), join(' ', sort(workers($s))), 'the same workers';
    is ctl($s, 'verify')->{status}, 0;
};

subtest 'a map that is too large' => sub {
    write_conf(store => "$s->{store} map_size=1048576g");
    my $t = nginx_t($s);
    is $t->{status}, 0;
    like $t->{out}, qr/\[warn\].*map_size.*nginx\.conf:\d+/;
    ok reload();
    ok becomes(503);
    is get(\%second, '/venues')->{status}, 200;
    write_conf();
    ok reload();
    ok becomes(200);
};

# faults C4: what was read for a configuration that was refused is no one's.
subtest 'a refused reload leaves calendars and categories alone' => sub {
    spew("$dir/city/categories.json", '{"items":[{"code":"rats","severity":'
         . '"critical","group":"food","text":"老鼠","text_en":"Rats and mice",'
         . '"description":"老鼠","description_en":"Rats and mice"}]}');
    ok reload();
    like get($s, '/complain?lang=en')->{body}, qr/Rats and mice/;
    unlink "$dir/city/categories.json";
    my $conf = slurp("$dir/nginx.conf");
    spew("$dir/nginx.conf", $conf =~ s/\}\s*\z/nonsense on;\n}\n/r);
    kill 'HUP', $s->{pid};
    ok wait_for(sub { log_of($s) =~ /unknown directive "nonsense"/ });
    kill 'KILL', workers($s);
    ok wait_for(sub { my @w = workers($s); @w == 2 && city() == 200 });
    like get($s, '/complain?lang=en')->{body}, qr/Rats and mice/,
        'a worker that comes then has those of the configuration in force'
        for 1 .. 4;
    spew("$dir/nginx.conf", $conf);
};

stop($s);
cmp_ok $asked, '>', 500, "the other site was asked $asked times";
is $missed, 0, 'and missed none';
unlike log_of($s), qr/\[(?:alert|emerg)\](?!.*nonsense)(?!.*signal 9)/,
    'no alert';
unlike log_of($s), qr/exited on signal (?!9\b)/, 'no crash';

done_testing;
