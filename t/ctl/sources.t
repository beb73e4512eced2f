# What holds of the sources themselves: clang takes them without a warning as
# gcc does when it builds them, layers are kept, files and lines stay short.

use strict;
use warnings;
use Test::More;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Shian qw(root build slurp);

my $root = root();
my $build = build();
my $nginx = $ENV{NGX} || '/usr/share/nginx/src';
my @warn = qw(-fsyntax-only -D_GNU_SOURCE -Wall -Wextra -Werror
              -Wno-unused-parameter -Wshadow -Wvla);
my @sources = map { "$root/$_" } split ' ', slurp("$root/src/sources");
my @http = grep { m{/src/http/} } @sources;
my @rest = grep { !m{/src/http/} } @sources;

is_deeply [sort map { s{^\Q$root\E/}{}r } glob "$root/src/*/*.c"],
    [sort map { s{^\Q$root\E/}{}r } @sources], 'src/sources has every file';

SKIP: {
    skip 'no clang here', 2 if !grep { -x "$_/clang" } split /:/, $ENV{PATH};
    my @ours = ("-I$root/src", "-I$build/gen");
    my $said = `clang -std=c11 @warn @ours @rest 2>&1`;
    is $?, 0, scalar(@rest) . ' files of ours by clang' or diag $said;
    skip 'no sources of nginx here', 1 if !-d $nginx;
    my @theirs = map { "-I$nginx/src/$_" } qw(core event event/modules
        os/unix http http/modules http/v2);
    $said = `clang -std=gnu11 @warn @ours -I$build/nginx @theirs @http 2>&1`;
    is $?, 0, scalar(@http) . ' files of the module by clang' or diag $said;
}

my $said = `$root/t/lib/layers 2>&1`;
is $?, 0, 'layers and banned calls' or diag $said;

my @bad;
for my $file (@sources, glob "$root/src/*/*.h") {
    my $n = 0;
    open my $f, '<:encoding(UTF-8)', $file or die "$file: $!";
    while (my $line = <$f>) {
        chomp $line;
        $n++;
        push @bad, "$file:$n: a tab" if $line =~ /\t/;
        push @bad, "$file:$n: white space at the end" if $line =~ /\s\z/;
    }
    push @bad, "$file: $n lines" if $n > 900;
}
is_deeply \@bad, [], 'nginx\'s style, as far as it can be counted';

done_testing;
