using System.Globalization;
using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;
using BeBiDa.Reconciliation;

namespace BeBiDa.Cli;

/// <summary>Slurm's jobs, as squeue lists them.</summary>
/// <remarks>A job that squeue does not show would lose its nodes; so whatever could hide one from it is ruled out here.</remarks>
internal sealed class SqueueJobs : IJobs
{
    // Nothing that users choose is among the fields, so no job can make up a line. The states come as squeue(1) spells them.
    private const string Fields = "%A|%T|%u|%P|%N";

    // A user chooses it freely where Slurm enforces no associations.
    private const string Account = "|%a";

    // Jobs that are over or wait, with no flag that says otherwise. A state that is not known is not taken for one of these.
    private static readonly HashSet<string> WithoutNodes = new(
        [
            "PENDING",
            "COMPLETED",
            "CANCELLED",
            "FAILED",
            "TIMEOUT",
            "NODE_FAIL",
            "PREEMPTED",
            "BOOT_FAIL",
            "DEADLINE",
            "OUT_OF_MEMORY",
            "REVOKED",
            "REQUEUE_HOLD",
            "REQUEUE_FED",
            "SPECIAL_EXIT",
            "RESV_DEL_HOLD",
        ],
        StringComparer.Ordinal
    );

    private static readonly HashSet<string> OnTheirNodes = new(
        ["RUNNING", "SUSPENDED", "CONFIGURING", "RESIZING", "STOPPED", "SIGNALING"],
        StringComparer.Ordinal
    );

    private readonly Run run;
    private readonly string fields;

    private SqueueJobs(string cluster, string fields, Run run) => (Cluster, this.fields, this.run) = (cluster, fields, run);

    /// <summary>How a command is run.</summary>
    internal delegate Task<HostCommand> Run(string command, IReadOnlyList<string> arguments, CancellationToken cancellationToken);

    /// <summary>The name of the Slurm cluster whose jobs these are.</summary>
    public string Cluster { get; }

    /// <summary>Asks slurmctld for its cluster's name.</summary>
    /// <exception cref="JobsUnknownException">It does not answer, or would not show us all jobs.</exception>
    public static async Task<SqueueJobs> ConnectAsync(CancellationToken cancellationToken, Run? run = null)
    {
        run ??= HostCommand.RunAsync;
        // From slurmctld itself and from nowhere else: one cluster's holds must never be compared with another's jobs.
        var settings = RunningSlurm.Parse(await AskAsync(run, "scontrol", ["show", "config"], cancellationToken).ConfigureAwait(false));
        if (settings["ClusterName"] is not { Length: > 0 } cluster)
            throw new JobsUnknownException("scontrol show config shows no ClusterName");
        var privileged = Environment.IsPrivilegedProcess || (settings["SlurmUser"] ?? "").Split('(')[0] == Environment.UserName;
        foreach (var hidden in new[] { "jobs", "reservations" })
            if (!privileged && (settings["PrivateData"] ?? "").Split(',').Contains(hidden, StringComparer.Ordinal))
                throw new JobsUnknownException(
                    $"Slurm hides other users' {hidden} from {Environment.UserName} (PrivateData={hidden}); run this as root or SlurmUser"
                );
        var enforced = (settings["AccountingStorageEnforce"] ?? "").Split(',').Contains("associations", StringComparer.Ordinal);
        return new SqueueJobs(cluster, enforced ? Fields + Account : Fields, run);
    }

    /// <inheritdoc/>
    public async Task<JobList> ListAsync(CancellationToken cancellationToken)
    {
        // Jobs in hidden partitions too, none of another cluster of a federation, each task of an array by itself.
        var listed = await AskAsync(
                run,
                "squeue",
                ["--all", "--local", "--array", "--noheader", "--states=all", $"--format={fields}"],
                cancellationToken
            )
            .ConfigureAwait(false);
        var jobs = new List<SlurmJob>();
        var expanded = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var line in listed.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (
                line.Split('|') is not [var number, var state, var user, var partition, var list, .. var account]
                || account.Length != (fields == Fields ? 0 : 1)
                || !uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            )
                throw new JobsUnknownException($"squeue: '{line}' does not match the format {fields}");
            if (WithoutNodes.Contains(state))
                continue;
            if (!expanded.TryGetValue(list, out var nodes))
                expanded[list] = nodes = await ExpandAsync(list, cancellationToken).ConfigureAwait(false);
            // scontrol makes something of every list, and exits with 0.
            if (nodes.Any(node => node.AsSpan().ContainsAny('[', ']')) || (nodes.Count == 0 && OnTheirNodes.Contains(state)))
                throw new JobsUnknownException($"squeue: job {id} is {state} on '{list}', which is not a list of nodes");
            jobs.Add(
                new SlurmJob(id, user, partition, nodes, Leaving: !OnTheirNodes.Contains(state)) { Account = account.FirstOrDefault("") }
            );
        }
        return new JobList(Cluster, jobs);
    }

    private static async Task<IReadOnlyList<string>> ExpandAsync(string list, CancellationToken cancellationToken)
    {
        try
        {
            return await NodeList.ExpandAsync(list, cancellationToken).ConfigureAwait(false);
        }
        catch (ConfigurationException e)
        {
            throw new JobsUnknownException(e.Message, e);
        }
    }

    private static async Task<string> AskAsync(
        Run run,
        string command,
        IReadOnlyList<string> arguments,
        CancellationToken cancellationToken
    )
    {
        var answer = await run(command, arguments, cancellationToken).ConfigureAwait(false);
        return answer.Output
            ?? throw new JobsUnknownException(
                $"{answer.Problem}; {(answer.IsInstalled ? "no hold is changed until Slurm lists its jobs" : "run this where Slurm's commands are installed")}"
            );
    }
}
