# `make install` and the example configuration, as a city would use them.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(demo_store configure start stop get post header slurp spew root
             plaque_of cookies json);

my $s = demo_store(20);
configure($s);

my $installed = "$s->{dir}/installed";
my $make = join ' ', 'make -s -C', root(), 'B=' . Shian::build(),
    "install DESTDIR=$installed";
my $log = `$make 2>&1`;
is $?, 0, 'make install' or diag $log;

my $conf = slurp("$installed/usr/share/doc/shian/shian.conf");
my $port = $s->{port};
my $temp = join "\n    ", map { "${_}_temp_path $s->{dir}/$_;" }
    qw(client_body proxy fastcgi uwsgi scgi);

# Only where things lie is changed, and who listens.
for ([ qr{modules/ngx_http_shian_module.so}
       => "$installed/usr/lib/nginx/modules/ngx_http_shian_module.so" ],
     [ qr{/var/lib/shian}, $s->{store} ],
     [ qr{/etc/shian/keys}, $s->{keys} ],
     [ qr{/etc/shian/words.txt}, "$installed/etc/shian/words.txt" ],
     [ qr{shian_documents /etc/shian;},
       "shian_documents $installed/etc/shian;" ],
     [ qr{/usr/share/shian}, "$installed/usr/share/shian" ],
     [ qr{/var/log/nginx/shian.log}, "$s->{dir}/access.log" ],
     [ qr{include\s+mime.types;}, $temp ],
     [ qr{https://fsc.example.gov.cn}, $s->{base} ],
     [ qr{listen\s+80;}, "listen 127.0.0.1:$port;" ],
     [ qr{listen\s+\[::\]:80;}, "listen [::1]:$port;" ])
{
    my ($from, $to) = @$_;
    ok $conf =~ s/$from/$to/g, "the example has $from";
}

my $user = $> == 0 ? "user root;\n" : '';
spew("$s->{dir}/nginx.conf", "${user}daemon off;\n"
     . "error_log $s->{dir}/error.log info;\npid $s->{dir}/nginx.pid;\n"
     . $conf);
start($s);

is get($s, '/')->{status}, 200, 'the front page';
is get($s, '/metrics')->{status}, 200, 'metrics from this machine';
like get($s, '/v/1', headers => { 'Accept-Encoding' => 'gzip' })
    ->{headers}{'content-encoding'}[0], qr/gzip/, 'gzip';

my $code = plaque_of($s, 1);
is get($s, "/q/$code")->{status}, 307, 'a plaque leads to its page';
unlike slurp("$s->{dir}/access.log"), qr/$code/, 'and is in no log';

my %status;
$status{ post($s, '/v/1/reviews', json => { hygiene => 5 })->{status} }++
    for 1 .. 20;
cmp_ok $status{429} // 0, '>', 0, 'writes of one address are limited'
    or diag explain \%status;
cmp_ok $status{403} // 0, '>=', 11, 'the first ones are answered';

my ($refused) = grep { $_->{status} == 429 }
    map { post($s, '/complaints', form => []) } 1 .. 20;
like $refused->{body}, qr/<h1>/, 'those sent away are told in words';
is header($refused, 'retry-after'), 60, 'and for how long';

stop($s);
done_testing;
