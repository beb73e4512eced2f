# shianctl doctor: a line for each thing, cause and mend; exit 1 if any is bad.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store configure ctl ctl_json slurp spew build);

my $s = demo_store(5);
my $dir = $s->{dir};
my $html = "$dir/html";
system('cp', '-R', build() . '/html', $html) == 0 or die;
my $root = $> == 0;
my @user = $root ? ('--user', 'www-data') : ();
if ($root) {
    chmod 0755, $dir or die;
    system('chown', '-R', 'www-data', $s->{store}) == 0 or die;
}
configure($s, settings => <<"END");
    shian_store $s->{store};
    shian_keys $s->{keys};
    shian_html $html;
    shian_base_url http://127.0.0.1:80;
END

my ($nginx) = grep { -f && -x } build() . '/nginx/nginx', '/usr/sbin/nginx';

sub doctor {
    my (@more) = @_;
    my $r = ctl_json($s, 'doctor', @user, '--html', $html, '--nginx', $nginx,
                     '--conf', "$dir/nginx.conf", @more);
    my %bad = map { $_->{what} => $_->{detail} }
        grep { !$_->{ok} } @{$r->{checks} || []};
    return ($r, \%bad);
}

my ($r, $bad) = doctor();
is_deeply $bad, {}, 'all is well';
ok $r->{ok};
my %seen = map { $_->{what} => 1 } @{$r->{checks}};
is_deeply [sort keys %seen],
    [sort qw(nginx module user store keys pages photos clock disk map)],
    'what it looks at';
my $text = ctl($s, 'doctor', @user, '--html', $html, '--no-nginx');
is $text->{status}, 0;
is scalar(grep { !/^ok   \w+ +\S/ } split /\n/, $text->{out}), 0,
    'a line for each' or diag $text->{out};

# What is wrong, and the only line that says so.
sub ill {
    my ($name, $what, $words, $make, $mend) = @_;
    subtest $name => sub {
        $make->();
        my ($r, $bad) = doctor();
        ok !$r->{ok};
        ok exists $bad->{$what}, $what;
        like $bad->{$what} // '', $words, 'says what';
        is ctl($s, 'doctor', @user, '--html', $html, '--no-nginx')->{status},
            1, 'exit 1' if $what ne 'nginx' && $what ne 'module';
        $mend->();
        ($r, $bad) = doctor();
        is_deeply $bad, {}, 'and is mended';
    };
}

sub away {
    my ($path) = @_;
    return (sub { rename $path, "$path.x" or die },
            sub { rename "$path.x", $path or die });
}

my $data = "$s->{store}/data.mdb";
my $whole = slurp($data);
ill('a file that was cut', 'store', qr/damaged.*shianctl restore/,
    sub { truncate $data, 20_000 or die }, sub { spew($data, $whole) });
ill('an empty file', 'store', qr/empty/, sub { truncate $data, 0 or die },
    sub { spew($data, $whole) });
is -s $data, length $whole, 'left as it was';
ill('no keys', 'keys', qr/keys/, away($s->{keys}));
ill('keys open to all', 'keys', qr/0600/, sub { chmod 0644, $s->{keys} },
    sub { chmod 0600, $s->{keys} });
ill('no style', 'pages', qr/shian\.css/, away("$html/static/shian.css"));
ill('an older version of the pages', 'pages', qr/version 0\.0\.1/,
    sub { spew("$html/version", "0.0.1\n") },
    sub { spew("$html/version", slurp(build() . '/html/version')) });
my ($photo) = glob "$s->{store}/photos/*/*";
ok $photo, 'there is a photo';
ill('a photo is missing', 'photos', qr{1 of \d+ are missing.*/photos/},
    away($photo));
my $conf = slurp("$dir/nginx.conf");
ill('a mistake in nginx.conf', 'nginx', qr/unknown directive "nonsense"/,
    sub { spew("$dir/nginx.conf", "nonsense;\n$conf") },
    sub { spew("$dir/nginx.conf", $conf) });

SKIP: {
    skip 'only root sees with other eyes', 1 if !$root;
    ill('root\'s data file', 'store',
        qr/www-data may not write.*root:.*chown -R www-data/,
        sub { chown 0, 0, $data; chmod 0600, $data },
        sub { chown +(getpwnam 'www-data')[2, 3], $data });
}

my $none = ctl($s, 'doctor', '--no-nginx', '--user', 'nobody-of-that-name');
is $none->{status}, 1;
like $none->{out}, qr/BAD  user .*no user "nobody-of-that-name"/;

done_testing;
