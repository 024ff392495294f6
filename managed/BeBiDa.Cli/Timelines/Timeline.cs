namespace BeBiDa.Cli.Timelines;

/// <summary>Who has a node at a time.</summary>
internal enum Owner
{
    /// <summary>Kubernetes: no job holds it.</summary>
    Kubernetes,

    /// <summary>Nobody quite: pods are leaving for a job, or the job is leaving.</summary>
    Between,

    /// <summary>Slurm: a job has it.</summary>
    Slurm,
}

/// <summary>A stretch of time in which one owner had a node.</summary>
/// <param name="Owner">Who.</param>
/// <param name="Jobs">The jobs that hold it, oldest first.</param>
/// <param name="From">Since when.</param>
/// <param name="Until">Until when.</param>
/// <param name="Note">What was said of them, for people.</param>
internal sealed record Stretch(Owner Owner, IReadOnlyList<string> Jobs, DateTimeOffset From, DateTimeOffset Until, string Note)
{
    public TimeSpan Length => Until - From;
}

/// <summary>Who had which node when.</summary>
/// <param name="From">Where it begins.</param>
/// <param name="Until">Where it ends.</param>
/// <param name="Rows">Each node's stretches, without a gap; the nodes in the order in which people count.</param>
/// <param name="Claims">What it was made of.</param>
internal sealed record Timeline(
    DateTimeOffset From,
    DateTimeOffset Until,
    IReadOnlyList<(string Node, IReadOnlyList<Stretch> Stretches)> Rows,
    IReadOnlyList<Claim> Claims
)
{
    /// <summary>Cuts claims into stretches.</summary>
    /// <param name="claims">The claims.</param>
    /// <param name="nodes">The nodes to show.</param>
    /// <param name="from">Where it begins.</param>
    /// <param name="until">Where it ends.</param>
    public static Timeline Of(IReadOnlyList<Claim> claims, IEnumerable<string> nodes, DateTimeOffset from, DateTimeOffset until)
    {
        var byNode = claims.ToLookup(c => c.Node);
        var rows = nodes
            .Distinct()
            .Order(Comparer<string>.Create(NaturalOrder))
            .Select(node => (node, Cut([.. byNode[node]], from, until)))
            .ToList();
        var shown = rows.Select(r => r.node).ToHashSet(StringComparer.Ordinal);
        return new Timeline(
            from,
            until,
            rows,
            [
                .. claims
                    .Where(c => shown.Contains(c.Node) && c.Changes.All(t => t < until) && (c.Released ?? until) > from)
                    .OrderBy(c => c.Asked ?? DateTimeOffset.MinValue)
                    .ThenBy(c => c.Node, Comparer<string>.Create(NaturalOrder)),
            ]
        );
    }

    /// <summary>The share of all nodes' time that an owner had, 0 to 1.</summary>
    public double Share(Owner owner)
    {
        var all = Rows.Sum(r => r.Stretches.Sum(s => s.Length.TotalSeconds));
        return all == 0 ? 0 : Rows.Sum(r => r.Stretches.Where(s => s.Owner == owner).Sum(s => s.Length.TotalSeconds)) / all;
    }

    private static IReadOnlyList<Stretch> Cut(IReadOnlyList<Claim> claims, DateTimeOffset from, DateTimeOffset until)
    {
        var cuts = claims
            .SelectMany(c => c.Changes)
            .Where(t => t > from && t < until)
            .Append(from)
            .Append(until)
            .Distinct()
            .Order()
            .ToList();
        var stretches = new List<Stretch>();
        foreach (var (begin, end) in cuts.Zip(cuts.Skip(1)))
        {
            var here = claims.Where(c => c.Covers(begin)).OrderBy(c => c.Asked ?? DateTimeOffset.MinValue).ToList();
            var owner =
                here.Count == 0 ? Owner.Kubernetes
                : here.Any(c => c.Owns(begin)) ? Owner.Slurm
                : Owner.Between;
            var jobs = here.Where(c => owner != Owner.Slurm || c.Owns(begin)).Select(c => c.Job).ToList();
            if (stretches.LastOrDefault() is { } last && last.Owner == owner && last.Jobs.SequenceEqual(jobs))
                stretches[^1] = last with { Until = end };
            else
                stretches.Add(new Stretch(owner, jobs, begin, end, string.Join('\n', here.Select(c => c.Note).Where(n => n.Length > 0))));
        }
        return stretches;
    }

    /// <summary>n2 before n10: numbers by their value, the rest by its letters.</summary>
    public static int NaturalOrder(string left, string right)
    {
        int i = 0,
            j = 0;
        while (i < left.Length && j < right.Length)
        {
            if (char.IsAsciiDigit(left[i]) && char.IsAsciiDigit(right[j]))
            {
                var (a, b) = (Digits(left, ref i), Digits(right, ref j));
                var order = a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b);
                if (order != 0)
                    return order;
            }
            else if (left[i] != right[j])
            {
                return left[i].CompareTo(right[j]);
            }
            else
            {
                i++;
                j++;
            }
        }
        return (left.Length - i).CompareTo(right.Length - j);

        static string Digits(string text, ref int at)
        {
            var begin = at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
                at++;
            return text[begin..at].TrimStart('0');
        }
    }
}
