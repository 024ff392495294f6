using System.CommandLine;
using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl decommission</c> and <c>recommission</c>: one job's hand-over, by hand.</summary>
internal static class HandOverCommand
{
    private const string TakingExamples = """
        # Take two nodes from Kubernetes for job 4711, and wait until their pods are gone
        bebidactl decommission --job 4711 --nodes n1,n2

        # The same for a list as Slurm writes it, with the result for a program
        bebidactl decommission --job 4711 --nodes 'n[1-8]' --output json
        """;

    private const string GivingBackExamples = """
        # Give the nodes of job 4711 back
        bebidactl recommission --job 4711 --nodes 'n[1-8]'
        """;

    public static Command Decommission(GlobalOptions globals) =>
        Create(
            "decommission",
            "Take nodes from Kubernetes for a job: hold them, evict their pods, and wait until the pods are gone.",
            TakingExamples,
            globals,
            everyNode: false,
            (handOvers, job, budget, progress) => handOvers.DecommissionAsync(job, budget, progress)
        );

    /// <remarks>Also of nodes that are not lent any more: one that <c>nodes.exclude</c> names since it was held has no other way back.</remarks>
    public static Command Recommission(GlobalOptions globals) =>
        Create(
            "recommission",
            "Give a job's nodes back to Kubernetes, except those that others hold or have cordoned.",
            GivingBackExamples,
            globals,
            everyNode: true,
            (handOvers, job, budget, progress) => handOvers.RecommissionAsync(job, budget, progress)
        );

    private static Command Create(
        string name,
        string description,
        string examples,
        GlobalOptions globals,
        bool everyNode,
        Func<HandOvers, Job, TimeSpan, IProgress<HandOverProgress>?, Task<HandOverResult>> handOver
    )
    {
        var jobId = JobNumber.Option(required: true);
        var nodes = new Option<string>("--nodes", "-n")
        {
            Description = "Nodes, by the resource manager's names: n1,n2 or n[1-8]",
            HelpName = "LIST",
            Required = true,
        };
        var cluster = new Option<string?>("--cluster")
        {
            Description = "Name of the job's cluster (default: $SLURM_CLUSTER_NAME, else slurmctld's ClusterName, else 'cluster')",
            HelpName = "NAME",
        };
        var command = new ExemplifiedCommand(name, description, examples) { jobId, nodes, cluster, globals.Output };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await using var site = Site.Open(parsed.GetValue(globals.Config), globals.Log(parsed), everyNode: everyNode);
                var number = parsed.GetValue(jobId)!;
                var job = new Job(
                    ClusterName(
                        parsed.GetValue(cluster)
                            ?? await DefaultClusterAsync(HostCommand.RunAsync, cancellationToken).ConfigureAwait(false),
                        number
                    ),
                    number.Id,
                    "",
                    Environment.UserName,
                    "",
                    await NodeList.ExpandAsync(parsed.GetValue(nodes)!, cancellationToken).ConfigureAwait(false)
                )
                {
                    Task = number.Task,
                };
                var result = await Progress
                    .ShowAsync(
                        name,
                        progress =>
                            handOver(site.HandOvers, job, site.Configuration.Controller.Deadline, progress).WaitAsync(cancellationToken)
                    )
                    .ConfigureAwait(false);
                Results.Print(result, job, name, parsed.GetValue(globals.Output));
                return result.Succeeded ? ExitCode.Done : ExitCode.Failed;
            }
        );
        return command;
    }

    /// <summary>The cluster of a hand-over that names none: the one whose holds slurmctld's plugin writes.</summary>
    internal static async Task<string> DefaultClusterAsync(SqueueJobs.Run run, CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("SLURM_CLUSTER_NAME") is { Length: > 0 } set)
            return set;
        var answer = await run("scontrol", ["show", "config"], cancellationToken).ConfigureAwait(false);
        return (answer.Output is { } output ? RunningSlurm.Parse(output)["ClusterName"] : null) ?? HoldKey.DefaultCluster;
    }

    private static string ClusterName(string name, JobNumber job)
    {
        try
        {
            return new HoldKey(name, job.Id, job.Task).Cluster;
        }
        catch (FormatException e)
        {
            throw new ConfigurationException($"--cluster: {e.Message}");
        }
    }
}
