# What `make test` needs beside a clone: real lists and npm's registry may be
# missing, and then each test that would use them says so and passes (faults
# F10).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp ();
use Shian qw(slurp spew build root);

my ($root, $build) = (root(), build());
my $away = File::Temp->newdir('shian-XXXXXX', TMPDIR => 1);
my $clone = "$away/clone";

make_path("$clone/t/browser/lib", "$clone/src", "$away/bin", "$away/b");
symlink "$root/$_", "$clone/$_" for qw(conf docs html);
symlink "$root/t/unit", "$clone/t/unit";
copy("$root/$_", "$clone/$_") or die "$_: $!"
    for qw(Makefile src/sources t/browser/package.json
           t/browser/package-lock.json);
copy($_, "$clone/t/browser/lib") or die "$_: $!"
    for glob "$root/t/browser/lib/*";
copy($_, "$clone/t/browser") or die "$_: $!" for glob "$root/t/browser/*.t";

# Runs it there: its status, and what it said.
sub run_there {
    my ($command) = @_;
    my $said = `cd $clone && B=$away/b $command 2>&1`;
    return ($? >> 8, $said);
}

my @real = grep { slurp($_) =~ m{\.\./shared} } glob "$root/t/unit/*.c";
cmp_ok scalar @real, '>=', 6, 'unit tests that read real lists';

for (@real) {
    my ($name) = m{([^/]+)\.c$};
    my ($status, $said) = run_there("$build/unit/$name");
    is $status, 0, "$name passes without them" or diag $said;
    like $said, qr{^\# left out: no \.\./shared/data}m, "$name says so";
}

for (glob "$clone/t/browser/*.t") {
    my ($name) = m{([^/]+)$};
    my ($status, $said) = run_there("node t/browser/$name");
    is $status, 0, "$name passes without what npm brings";
    like $said, qr/\A1\.\.0 # SKIP no playwright-core/, "$name says so";
}

# Debian's packages count as there; npm reaches nothing.
spew("$away/b/$_", '') for qw(.deps .deps-test);
spew("$away/bin/npm", "#!/bin/sh\nmkdir -p node_modules/half\nexit 1\n");
chmod 0755, "$away/bin/npm";

my $stamp = 't/browser/node_modules/.package-lock.json';
my ($status, $said) = run_there("env -u MAKEFLAGS -u MAKELEVEL "
    . "PATH=$away/bin:\$PATH make -s B=$away/b $stamp");
is $status, 0, 'make goes on where npm reaches nothing' or diag $said;
like $said, qr/npm's registry is not reached: no test in a browser/,
    'and says what is left out';
ok !-e "$clone/t/browser/node_modules", 'half of an installation is removed';

done_testing;
