# documents.pl ROOT DATABASE: runs the SQL blocks of the documents, and compares.
#
# README.md comes first, then the chapters in the order in which it names them.
# A block that begins with ```sql is run; all of them run in one session.  The
# blocks that begin with ```text and follow it, up to the next SQL block, are
# what it shows: each of their lines must be among the lines that psql prints,
# in that order.  Spaces and the lengths of rules do not count, and "..." stands
# for any lines.  Numbers must be equal, or within the tolerance that the block
# names:  ```text tolerance=0.02
#
# A block whose text does not say ERROR must not raise one.  Prints TAP.
use strict;
use warnings;
use File::Temp;

my ($root, $database) = @ARGV;
my $MARK = '@@ block';

sub slurp
{
	my ($path) = @_;
	open(my $file, '<:utf8', $path) or die "$path: $!\n";
	local $/;
	return scalar <$file>;
}

# The documents in their order; a chapter that README.md does not name is an error.
sub documents
{
	my @chapters = slurp("$root/README.md") =~ /\]\((doc\/[a-z0-9-]+\.md)\)/g;
	my (%seen, @order);

	@order = grep { !$seen{$_}++ } 'README.md', @chapters;
	for my $path (glob("$root/doc/*.md"))
	{
		$path =~ s/^\Q$root\E\///;
		die "README.md does not name $path\n" unless $seen{$path};
	}
	return @order;
}

# SQL blocks of one document, each with the lines that it is to show.
sub blocks
{
	my ($document) = @_;
	my (@blocks, $language, $block);
	my $number = 0;

	for my $line (split /\n/, slurp("$root/$document"))
	{
		$number++;
		if ($line =~ /^```(\w*)\s*(.*)$/ && !defined $language)
		{
			my ($kind, $info) = ($1, $2);
			$language = $kind;
			if ($kind eq 'sql')
			{
				$block = { name => "$document:$number", sql => '', shown => [] };
				push @blocks, $block;
			}
			elsif ($kind eq 'text' && $info =~ /^tolerance=([0-9.]+)$/)
			{
				die "$document:$number: there is no SQL block before this\n" unless $block;
				$block->{tolerance} = $1;
			}
			elsif ($info ne '')
			{
				die "$document:$number: \"$info\" is not understood\n";
			}
		}
		elsif ($line =~ /^```/)
		{
			undef $language;
		}
		elsif (defined $language && $language eq 'sql')
		{
			$block->{sql} .= "$line\n";
		}
		elsif (defined $language && $language eq 'text' && $block && $line =~ /\S/)
		{
			push @{ $block->{shown} }, $line;
		}
	}
	return @blocks;
}

# The words of a line; rules of tables are the same however long they are.
sub words
{
	my ($line) = @_;

	$line =~ s/-{2,}/--/g;
	return grep { /\S/ } split /\s+|([|{},;()\[\]:])/, $line;
}

sub word_matches
{
	my ($want, $got, $tolerance) = @_;
	my $number = qr/^-?[0-9]+(?:\.[0-9]+)?%?$/;

	return 1 if $want eq $got;
	return 0 unless $tolerance && $want =~ $number && $got =~ $number;
	s/%$// for ($want, $got);
	return abs($want - $got) <= $tolerance * (abs($want) > 1 ? abs($want) : 1) + 1e-9;
}

sub line_matches
{
	my ($want, $got, $tolerance) = @_;
	my @want = grep { defined } words($want);
	my @got = grep { defined } words($got);

	return 0 unless @want == @got;
	for my $i (0 .. $#want)
	{
		return 0 unless word_matches($want[$i], $got[$i], $tolerance);
	}
	return 1;
}

# The first line of "shown" that is not printed where it should be, or undef.
sub first_missing
{
	my ($block, @printed) = @_;
	my $at = 0;

	for my $want (@{ $block->{shown} })
	{
		next if $want =~ /^\.\.\.$/;
		$at++ while $at < @printed && !line_matches($want, $printed[$at], $block->{tolerance});
		return $want if $at == @printed;
		$at++;
	}
	return undef;
}

# Everything through one psql, with a mark before each block.
sub run
{
	my (@blocks) = @_;
	my $script = File::Temp->new;
	my ($output, %printed, $current);

	binmode $script, ':utf8';
	print $script "\\echo $MARK $_\n$blocks[$_]{sql}\n" for 0 .. $#blocks;
	print $script "\\echo $MARK end\n";
	close $script;
	local $ENV{PGTZ} = 'UTC';
	local $ENV{PGDATESTYLE} = 'ISO, MDY';
	open(my $psql, '-|:utf8', "psql -X -q -d $database < " . $script->filename . ' 2>&1') or die "psql: $!\n";
	while (my $line = <$psql>)
	{
		chomp $line;
		if ($line =~ /^\Q$MARK\E (\S+)$/) { $current = $1; $printed{$1} = []; }
		elsif (defined $current && $line =~ /\S/) { push @{ $printed{$current} }, $line; }
	}
	close $psql;
	return %printed;
}

my @blocks = map { blocks($_) } documents();
my %printed = run(@blocks);
my $failed = 0;

binmode STDOUT, ':utf8';
print '1..', scalar(@blocks), "\n";
for my $i (0 .. $#blocks)
{
	my $block = $blocks[$i];
	my @printed = @{ $printed{$i} // [] };
	my $missing = first_missing($block, @printed);
	my ($error) = grep { /^(ERROR|FATAL|psql):/ || /^\\\w+: / } @printed;
	my $expected = grep { /^ERROR:/ } @{ $block->{shown} };
	my $good = $printed{$i} && !defined $missing && (!defined $error || $expected);

	print(($good ? '' : 'not '), 'ok ', $i + 1, " - $block->{name}\n");
	next if $good;
	$failed++;
	print "# missing: $missing\n" if defined $missing;
	print "# printed: $_\n" for @printed;
	print "# psql ended before this block\n" unless $printed{$i};
}
exit($failed ? 1 : 0);
