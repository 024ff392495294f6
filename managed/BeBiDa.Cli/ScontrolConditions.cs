using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;

namespace BeBiDa.Cli;

/// <summary>The states of Slurm's nodes and its maintenance reservations, as <c>scontrol show</c> prints them.</summary>
/// <param name="cluster">The name of the cluster that scontrol asks.</param>
/// <param name="run">How a command is run.</param>
internal sealed partial class ScontrolConditions(string cluster, SqueueJobs.Run? run = null) : ISlurmConditions
{
    private readonly SqueueJobs.Run run = run ?? HostCommand.RunAsync;

    /// <inheritdoc/>
    public async Task<SlurmConditions> ReadAsync(CancellationToken cancellationToken)
    {
        // Nodes in hidden partitions too.
        var nodes = await ShowAsync("node", cancellationToken).ConfigureAwait(false);
        var reservations = await ShowAsync("reservation", cancellationToken).ConfigureAwait(false);
        return new SlurmConditions(
            cluster,
            [.. ScontrolNode.ReadAll(nodes).Select(ReadNode)],
            await MaintenanceAsync(reservations.Split('\n', StringSplitOptions.RemoveEmptyEntries), cancellationToken).ConfigureAwait(false)
        );
    }

    private static SlurmNode ReadNode(ScontrolNode node) => new(node.Name, NodeStates.Read(node.State), node.Reason);

    private static async Task<IReadOnlyList<Reservation>> MaintenanceAsync(string[] lines, CancellationToken cancellationToken)
    {
        var all = new List<Reservation>();
        foreach (var line in lines)
        {
            // Without reservations it prints a sentence.
            if (!line.StartsWith("ReservationName=", StringComparison.Ordinal))
                continue;
            if (Reservation().Match(line) is not { Success: true } found)
                throw new JobsUnknownException($"scontrol show reservation: '{line}' has no times or no nodes");
            // One that floats begins a while after now, whenever that is: never.
            var flags = found.Groups["flags"].Value.Split(',');
            if (!flags.Contains("MAINT") || flags.Contains("TIME_FLOAT"))
                continue;
            all.Add(
                new Reservation(
                    found.Groups["name"].Value,
                    Time(found.Groups["begin"].Value),
                    Time(found.Groups["end"].Value),
                    await ExpandAsync(found.Groups["nodes"].Value, cancellationToken).ConfigureAwait(false)
                )
            );
        }
        return all;
    }

    private static DateTimeOffset Time(string seconds) =>
        DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds, NumberStyles.None, CultureInfo.InvariantCulture));

    private static async Task<IReadOnlyList<string>> ExpandAsync(string list, CancellationToken cancellationToken)
    {
        try
        {
            return list == "(null)" ? [] : await NodeList.ExpandAsync(list, cancellationToken).ConfigureAwait(false);
        }
        catch (ConfigurationException e)
        {
            throw new JobsUnknownException(e.Message, e);
        }
    }

    private async Task<string> ShowAsync(string what, CancellationToken cancellationToken)
    {
        var answer = await run("scontrol", ["--all", "--oneliner", "show", what], cancellationToken).ConfigureAwait(false);
        return answer.Output ?? throw new JobsUnknownException($"{answer.Problem}; no hold is changed until Slurm shows its nodes");
    }

    [GeneratedRegex(
        @"^ReservationName=(?<name>\S+) StartTime=(?<begin>\d+) EndTime=(?<end>\d+) .*?\bNodes=(?<nodes>\S*) NodeCnt=.* Flags=(?<flags>\S*)",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Reservation();
}
