using System.Globalization;

namespace BeBiDa.Jobs;

/// <summary>An allocation, as Slurm or another resource manager describes it to its prologs.</summary>
/// <param name="Cluster">Name of the cluster (<c>SLURM_CLUSTER_NAME</c>); no two resource managers may share one.</param>
/// <param name="Id">The job's own number (<c>SLURM_JOB_ID</c>); each array task and each component of a heterogeneous job has its own.</param>
/// <param name="Name">The job's name (<c>SLURM_JOB_NAME</c>); empty when unknown.</param>
/// <param name="User">The user's name (<c>SLURM_JOB_USER</c>); empty when unknown.</param>
/// <param name="Partition">The partition it runs in (<c>SLURM_JOB_PARTITION</c>); empty when unknown.</param>
/// <param name="Nodes">Slurm's names of its nodes, one each.</param>
public sealed record Job(string Cluster, uint Id, string Name, string User, string Partition, IReadOnlyList<string> Nodes)
{
    /// <summary>Reads a job from the environment of a prolog or epilog.</summary>
    /// <param name="environment">The variables, as slurm.conf(5) and prolog_epilog list them.</param>
    /// <param name="nodes">The job's nodes, expanded.</param>
    /// <param name="holds">Whether it is to hold nodes in Kubernetes; a node itself writes nothing there.</param>
    /// <exception cref="FormatException">SLURM_JOB_ID is missing or not a job's number, or the cluster's name cannot be written to Kubernetes.</exception>
    public static Job FromEnvironment(IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> nodes, bool holds = true)
    {
        var text = environment.GetValueOrDefault("SLURM_JOB_ID", "");
        if (!uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == 0)
            throw new FormatException($"SLURM_JOB_ID: '{text}' is not the number of a job; is this run by Slurm's prolog or epilog?");
        var cluster = environment.GetValueOrDefault("SLURM_CLUSTER_NAME", "");
        if (cluster.Length == 0)
            cluster = Holds.HoldKey.DefaultCluster;
        if (holds)
            _ = new Holds.HoldKey(cluster, id);
        return new Job(
            cluster,
            id,
            environment.GetValueOrDefault("SLURM_JOB_NAME", ""),
            environment.GetValueOrDefault("SLURM_JOB_USER", ""),
            environment.GetValueOrDefault("SLURM_JOB_PARTITION", ""),
            nodes
        )
        {
            Account = environment.GetValueOrDefault("SLURM_JOB_ACCOUNT", "") is not NoAccount and var account ? account : "",
            NodeList = environment.GetValueOrDefault("SLURM_JOB_NODELIST", ""),
            AsksToKeep = environment.GetValueOrDefault(ModeVariable) == KeepMode,
            Array = uint.TryParse(
                environment.GetValueOrDefault("SLURM_ARRAY_JOB_ID", ""),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var array
            )
                ? array
                : null,
        };
    }

    /// <summary>
    /// Where the option <c>--bebida</c> of srun, sbatch and salloc arrives. It is the user's: Slurm lets everyone write
    /// variables of the prefix <c>SPANK_</c> for their own jobs.
    /// </summary>
    private const string ModeVariable = "SPANK_BEBIDA";

    private const string KeepMode = "keep";

    // How slurmctld prints the NULL of a job without an account.
    private const string NoAccount = "(null)";

    /// <summary>The account that it is charged to (<c>SLURM_JOB_ACCOUNT</c>); empty when unknown or none.</summary>
    public string Account { get; init; } = "";

    /// <summary>Its nodes as Slurm writes them (<c>n[1-2]</c>, <c>SLURM_JOB_NODELIST</c>), for people; empty when unknown.</summary>
    public string NodeList { get; init; } = "";

    /// <summary>Whether its user wants its nodes to stay in Kubernetes (<c>--bebida=keep</c>); the configuration decides.</summary>
    public bool AsksToKeep { get; init; }

    /// <summary>The number of the array that it is a task of (<c>SLURM_ARRAY_JOB_ID</c>), which its pending tasks share; null for none.</summary>
    public uint? Array { get; init; }

    /// <summary>Whether the reconciler takes its nodes again: it runs there already, and does not wait for them.</summary>
    public bool IsRepair { get; init; }

    /// <summary>Which task of an array, where the tasks of one share its number; null with Slurm.</summary>
    public uint? Task { get; init; }

    /// <summary>The resource manager's name, for people.</summary>
    public string Manager { get; init; } = "Slurm";

    /// <summary>The job as it is written everywhere: its number, and after an underscore its task.</summary>
    public string Number => Holds.HoldKey.FormatJob(Id, Task);

    /// <summary>What this job's claim on a node is called.</summary>
    public Holds.HoldKey Hold => new(Cluster, Id, Task);
}
