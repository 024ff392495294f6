using System.CommandLine;
using BeBiDa.Cli.Timelines;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl timeline</c>: draws who had which node when.</summary>
internal static class TimelineCommand
{
    private const string Examples = """
        # The last hour, from Kubernetes' Events
        bebidactl timeline --kubeconfig ~/.kube/config --output timeline.svg

        # A working day of some nodes, from slurmctld's log, as a page
        bebidactl timeline --log /var/log/slurm/slurmctld.log --since 08:00 --nodes 'n[1-8]' --output day.html
        """;

    // For as long Kubernetes keeps Events, unless its API server was told otherwise (kube-apiserver --event-ttl).
    private static readonly TimeSpan EventsLast = TimeSpan.FromHours(1);

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);

    public static Command Create(GlobalOptions globals)
    {
        var since = Moment.Option(
            "--since",
            "Start: a time (08:00, 2026-01-31T08:00) or an age (30m, 2h). Default: the first hand-over of the last hour"
        );
        var until = Moment.Option("--until", "End, in the same form. Default: now");
        var nodes = new Option<string?>("--nodes")
        {
            Description = "Nodes to draw, by their names in Slurm: n1,n2 or n[1-8]. Default: all",
            HelpName = "LIST",
        };
        var logs = new Option<string[]>("--log")
        {
            Description = "slurmctld.log, or the log of bebidactl hook, for what is older than an hour: Kubernetes keeps Events no longer",
            HelpName = "FILE",
        };
        var kubeconfig = new Option<string?>("--kubeconfig")
        {
            Description = "Kubeconfig that may read Events; that of slurmctld may not",
            HelpName = "FILE",
        };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "File to write: a page if it ends in .html, else an SVG picture. Default: the picture, to standard output",
            HelpName = "FILE",
        };
        var command = new ExemplifiedCommand(
            "timeline",
            "Draw who had each node over time: Kubernetes, a job, or a hand-over in between.",
            Examples
        )
        {
            since,
            until,
            nodes,
            logs,
            kubeconfig,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var now = DateTimeOffset.Now;
                var only = parsed.GetValue(nodes) is { } list
                    ? await NodeList.ExpandAsync(list, cancellationToken).ConfigureAwait(false)
                    : null;
                var moments = new List<HandOverMoment>();
                var reader = new LogReader(NodeList.ExpandAsync);
                foreach (var log in parsed.GetValue(logs) ?? [])
                    moments.AddRange(await reader.ReadAsync(log, cancellationToken).ConfigureAwait(false));
                if (reader.WithoutNodes > 0)
                    await Console
                        .Error.WriteLineAsync($"bebidactl: {reader.WithoutNodes} hand-overs in --log name no nodes and are not drawn")
                        .ConfigureAwait(false);

                var known = await AskKubernetesAsync(
                        parsed.GetValue(globals.Config),
                        parsed.GetValue(kubeconfig),
                        moments,
                        now,
                        globals.Log(parsed),
                        cancellationToken
                    )
                    .ConfigureAwait(false);
                var end = parsed.GetValue(until) is { } given ? given(now) : now;
                var shown = only ?? [.. known.Concat(moments.Select(m => m.Node)).Distinct(StringComparer.Ordinal)];
                if (shown.Count == 0)
                    throw new ConfigurationException("nothing to draw: neither Kubernetes nor a --log knows any node");
                var begin = parsed.GetValue(since) is { } from ? from(now) : Begin(moments.Where(m => shown.Contains(m.Node)), end);
                if (begin >= end)
                    throw new ConfigurationException("--since must be earlier than --until and now");

                var timeline = Timeline.Of(Claim.Of(moments), shown, begin, end);
                await WriteAsync(parsed.GetValue(output), timeline).ConfigureAwait(false);
                return ExitCode.Done;
            }
        );
        return command;
    }

    // Adds what Events and holds tell to what the logs told, which is more exact and goes before them.
    private static async Task<IReadOnlyList<string>> AskKubernetesAsync(
        string? configurationFile,
        string? kubeconfig,
        List<HandOverMoment> moments,
        DateTimeOffset now,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        var logged = moments.Select(m => m.Job).ToHashSet(StringComparer.Ordinal);
        try
        {
            await using var site = Site.Open(configurationFile, logger, kubeconfig: kubeconfig);
            var status = await site.Cluster.ReadStatusAsync(cancellationToken).ConfigureAwait(false);
            // Kubernetes' names have no capitals; the log has Slurm's own.
            var logNames = moments.ToLookup(m => m.Node, m => m.Node, StringComparer.OrdinalIgnoreCase);
            var names = status.ToDictionary(
                n => n.Node.Name,
                n => logNames[site.Names.SlurmNameOf(n.Node)].FirstOrDefault() ?? site.Names.SlurmNameOf(n.Node),
                StringComparer.Ordinal
            );
            var told = new List<HandOverMoment>();
            try
            {
                foreach (var handOver in await site.Cluster.ReadHandOversAsync(cancellationToken).ConfigureAwait(false))
                    told.Add(
                        HandOverMoment.Of(
                            handOver,
                            names.GetValueOrDefault(handOver.Node) ?? site.Names.SlurmNameOf(new ClusterNode(handOver.Node, ""))
                        )
                    );
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Forbidden)
            {
                if (moments.Count == 0)
                    await Console
                        .Error.WriteLineAsync(
                            $"bebidactl: drawn without Events, which this identity may not read ({e.Message}); use an admin's --kubeconfig or a --log, or apply what bebidactl rbac --timeline prints"
                        )
                        .ConfigureAwait(false);
            }
            // A hold whose Event is gone, or has not come yet.
            foreach (var node in status)
            foreach (var hold in node.Holds)
                if (
                    Claim.Of(told).LastOrDefault(c => c.Node == names[node.Node.Name] && c.Job == hold.Key.ToString())
                    is not { Released: null }
                )
                    told.Add(HandOverMoment.Of(hold, names[node.Node.Name], node.Pods == 0, now));
            moments.AddRange(told.Where(m => !logged.Contains(m.Job[(m.Job.LastIndexOf('.') + 1)..])));
            return [.. status.Where(n => site.Policy.Counts(names[n.Node.Name])).Select(n => names[n.Node.Name])];
        }
        catch (Exception e) when (moments.Count > 0 && e is ClusterException or ConfigurationException)
        {
            await Console.Error.WriteLineAsync($"bebidactl: drawn from --log only: {e.Message}").ConfigureAwait(false);
            return [];
        }
    }

    // With what is known of the last hour, and a little before, so that it can be seen how it was.
    private static DateTimeOffset Begin(IEnumerable<HandOverMoment> moments, DateTimeOffset end)
    {
        var first = moments.Select(m => m.Began).Where(t => t > end - EventsLast && t < end).DefaultIfEmpty(end - EventsLast).Min();
        var begin = first - (end - first) * 0.06;
        return begin < end - EventsLast ? end - EventsLast
            : begin > end - Shortest ? end - Shortest
            : begin;
    }

    private static async Task WriteAsync(string? path, Timeline timeline)
    {
        var zone = TimeZoneInfo.Local;
        if (path is null)
        {
            await Console.Out.WriteAsync(new TimelinePicture(timeline, zone).Draw()).ConfigureAwait(false);
            return;
        }
        try
        {
            var isPage = Path.GetExtension(path) is ".html" or ".htm";
            await File.WriteAllTextAsync(path, isPage ? TimelinePage.Of(timeline, zone) : new TimelinePicture(timeline, zone).Draw())
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--output: {e.Message}");
        }
    }
}
