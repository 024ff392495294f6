using BeBiDa.Configuration;
using BeBiDa.Forecasting;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.Forecasts;

/// <summary>What lending would have been worth to a site.</summary>
/// <param name="From">Where what is looked at begins.</param>
/// <param name="Until">Where it ends.</param>
/// <param name="Nodes">How many nodes there are.</param>
/// <param name="Jobs">How many jobs had nodes.</param>
/// <param name="StillRunning">How many of them have no end.</param>
/// <param name="Used">Node-time that jobs had.</param>
/// <param name="Unavailable">Node-time that nobody could have had.</param>
/// <param name="Gaps">The time in between.</param>
/// <param name="Harvests">What it would have been worth, by the pods' length and the time that nodes are kept.</param>
internal sealed record Forecast(
    DateTimeOffset From,
    DateTimeOffset Until,
    int Nodes,
    int Jobs,
    int StillRunning,
    TimeSpan Used,
    TimeSpan Unavailable,
    IReadOnlyList<Gap> Gaps,
    IReadOnlyList<(LendingModel Model, Harvest Harvest)> Harvests
)
{
    /// <summary>How long what is looked at lasts.</summary>
    public TimeSpan Length => Until - From;

    /// <summary>All node-time.</summary>
    public TimeSpan All => Length * Nodes;

    /// <summary>Node-time that was idle.</summary>
    public TimeSpan Idle => TimeSpan.FromSeconds(Gaps.Sum(gap => gap.Length));

    /// <summary>A gap that a share of all gaps do not exceed.</summary>
    /// <param name="share">0 to 1.</param>
    public TimeSpan Gap(double share)
    {
        var lengths = Gaps.Select(gap => gap.Length).Order().ToList();
        return lengths.Count == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Quantiles.NearestRank(lengths, share));
    }

    /// <summary>Forecasts.</summary>
    /// <param name="jobs">The jobs.</param>
    /// <param name="events">When which nodes were not available.</param>
    /// <param name="expanded">Each list of nodes of <paramref name="jobs"/>, expanded.</param>
    /// <param name="nodes">The nodes that there are; null for all that jobs have had.</param>
    /// <param name="policy">Which nodes are lent.</param>
    /// <param name="period">What is looked at; null bounds are the first job's begin and the last known end.</param>
    /// <param name="models">What pods are like.</param>
    /// <param name="seed">Chooses the pods' lengths.</param>
    /// <exception cref="ConfigurationException">Nothing is left to look at.</exception>
    public static Forecast Of(
        IReadOnlyList<PastJob> jobs,
        IReadOnlyList<(string Node, DateTimeOffset Begin, DateTimeOffset? End)> events,
        IReadOnlyDictionary<string, IReadOnlyList<string>> expanded,
        IReadOnlyList<string>? nodes,
        JobPolicy policy,
        (DateTimeOffset? From, DateTimeOffset? Until) period,
        IEnumerable<LendingModel> models,
        int seed
    )
    {
        if (jobs.Count == 0)
            throw new ConfigurationException(
                "no job in the file had nodes; did any run between the --starttime and --endtime that sacct was given?"
            );
        var from = period.From ?? jobs.Min(job => job.Begin);
        var until = period.Until ?? jobs.Max(job => job.End ?? job.Begin);
        if (from >= until)
            throw new ConfigurationException("--since must be earlier than --until, and jobs of the file must have run in between");
        var numbers = (nodes ?? [.. jobs.SelectMany(job => expanded[job.Nodes])])
            .Distinct(StringComparer.Ordinal)
            .Where(policy.Counts)
            .Select((name, number) => (name, number))
            .ToDictionary(n => n.name, n => n.number, StringComparer.Ordinal);
        if (numbers.Count == 0)
            throw new ConfigurationException("no node is left: --nodes, nodes.include and nodes.exclude choose them");

        var length = (until - from).TotalSeconds;
        var used = new List<Occupation>();
        var (takers, stillRunning) = (0, 0);
        foreach (var job in jobs)
        {
            var (begin, end) = ((job.Begin - from).TotalSeconds, ((job.End ?? until) - from).TotalSeconds);
            var own = expanded[job.Nodes].Where(numbers.ContainsKey).Select(name => numbers[name]).ToArray();
            if (own.Length == 0 || end <= 0 || begin >= length)
                continue;
            // Who had its nodes before what is looked at, or leaves them in Kubernetes, waits for nothing.
            used.Add(new Occupation(begin, end, own, job.Takes && begin > 0 ? takers++ : null));
            stillRunning += job.End is null ? 1 : 0;
        }
        var unavailable = events
            .Where(e => numbers.ContainsKey(e.Node))
            .Select(e => new Occupation((e.Begin - from).TotalSeconds, ((e.End ?? until) - from).TotalSeconds, [numbers[e.Node]], null));
        var gaps = Forecasting.Gap.Of(numbers.Count, length, used.Concat(unavailable));
        var free = Forecasting.Gap.Of(numbers.Count, length, used).Sum(gap => gap.Length);
        var idle = gaps.Sum(gap => gap.Length);
        return new Forecast(
            from,
            until,
            numbers.Count,
            used.Count,
            stillRunning,
            TimeSpan.FromSeconds(numbers.Count * length - free),
            TimeSpan.FromSeconds(free - idle),
            gaps,
            [.. models.Select(model => (model, Harvest.Of(gaps, takers, model, seed)))]
        );
    }
}
