using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Node.Pods;
using BeBiDa.Node.Services;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Node;

/// <summary>What each of Slurm's hooks on this node does.</summary>
internal static class Hooks
{
    /// <summary>The node leaves Kubernetes.</summary>
    /// <returns>Why it has not, for an admin; null when the job can start.</returns>
    public static string? Prolog(IReadOnlyDictionary<string, string> environment, IJobFinder finder, ILogger logger)
    {
        if (Load(logger) is not { } configuration)
            return null;
        var policy = new JobPolicy(configuration.Jobs, configuration.Nodes);
        var job = Complete(Read(environment), policy, finder);
        var (leftAlone, refusal) = policy.Judge(job);
        if ((leftAlone ?? NotLent(job, policy)) is { } reason)
        {
            logger.LeftAlone(job.Number, reason);
            return null;
        }
        if (refusal is not null)
            logger.WishRefused(job.Number, refusal);
        using var services = Connect();
        return new Prolog(
            configuration,
            new NodeState(NodeState.DefaultDirectory),
            services,
            new PodCgroups(configuration.Node.PodCgroups),
            new Leftovers(new HostProcesses()),
            logger
        ).Run(job, refusal is null ? "" : $"job {job.Id}: {refusal}", RecoveryEnvironment(environment));
    }

    /// <summary>The node goes back to Kubernetes.</summary>
    /// <returns>Why it does not, for an admin; null when it does or need not.</returns>
    /// <remarks>What was done at the prolog is undone whatever the configuration says by now.</remarks>
    public static string? Epilog(IReadOnlyDictionary<string, string> environment, IJobFinder finder, ILogger logger) =>
        Epilog(new NodeState(NodeState.DefaultDirectory), finder, logger).Run(Read(environment));

    /// <summary>The node goes back to Kubernetes if the epilogs of its jobs never came, or could not start everything.</summary>
    /// <returns>As <see cref="Epilog(IReadOnlyDictionary{string, string}, IJobFinder, ILogger)"/>.</returns>
    public static string? Recover(IReadOnlyDictionary<string, string> environment, IJobFinder finder, ILogger logger)
    {
        var state = new NodeState(NodeState.DefaultDirectory);
        return new Recovery(
            state,
            Epilog(state, finder, logger),
            new RunningSteps(new HostProcesses()),
            TimeProvider.System,
            Thread.Sleep
        ).Run();
    }

    /// <summary>Whether a user may ask for <c>--bebida=keep</c>.</summary>
    /// <returns>Why not, for the user; null when it may be, also where this host has no configuration to tell.</returns>
    public static string? MayKeep(IReadOnlyDictionary<string, string> environment)
    {
        if (!File.Exists(ConfigurationFile.Path))
            return null;
        try
        {
            var configuration = ConfigurationFile.Load(ConfigurationFile.Path, kubernetes: false);
            var user = environment.GetValueOrDefault("SLURM_JOB_USER", "");
            return new JobPolicy(configuration.Jobs, configuration.Nodes).MightKeep(user) ? null : Problems.MayNotKeep(user);
        }
        catch (ConfigurationException)
        {
            // The daemons say so, and decide.
            return null;
        }
    }

    private static Epilog Epilog(NodeState state, IJobFinder finder, ILogger logger) =>
        new(
            Load(logger) ?? new BebidaConfiguration(),
            state,
            Connect,
            groups => new PodCgroups(groups),
            finder,
            TimeProvider.System,
            logger
        );

    // What bebida-recover needs to find the same bebida.yaml, libraries, slurm.conf and node.
    private static Dictionary<string, string> RecoveryEnvironment(IReadOnlyDictionary<string, string> environment) =>
        new[] { ConfigurationFile.PathVariable, "BEBIDA_LIBDIR", "SLURM_CONF", "SLURMD_NODENAME" }
            .Select(name => (Name: name, Value: environment.GetValueOrDefault(name, "")))
            .Where(variable => variable.Value.Length > 0)
            .ToDictionary(variable => variable.Name, variable => variable.Value);

    // A mistake in the file is logged with every job and drains no node: it would drain the whole cluster at once.
    private static BebidaConfiguration? Load(ILogger logger)
    {
        try
        {
            return ConfigurationFile.Load(ConfigurationFile.Path, kubernetes: false);
        }
        catch (ConfigurationException e)
        {
            foreach (var problem in e.Problems)
                logger.NotConfigured(problem);
            return null;
        }
    }

    private static Job Read(IReadOnlyDictionary<string, string> environment) =>
        Job.FromEnvironment(environment, [environment.GetValueOrDefault("SLURMD_NODENAME", "")], holds: false);

    // slurmd's prologs have no job name, and some no account. Ask slurmctld only if the answer can change the outcome.
    internal static Job Complete(Job job, JobPolicy policy, IJobFinder finder)
    {
        var allowed = policy.MayKeep(job.User, job.Account, job.Partition);
        var named = job.AsksToKeep || job.Name.Length > 0;
        var missing = allowed ? !named : job.Account.Length == 0 && policy.AccountsMatter;
        if (!missing || !(job.AsksToKeep || policy.NamesMatter))
            return job;
        var found = finder.Find(job.Id);
        return job with
        {
            Name = job.Name.Length > 0 ? job.Name : found.Name,
            Account = job.Account.Length > 0 ? job.Account : found.Account,
        };
    }

    private static string? NotLent(Job job, JobPolicy policy) => policy.Counts(job.Nodes[0]) ? null : Problems.NotLent(job.Nodes[0]);

    private static IServiceManager Connect() => Systemd.IsRunning ? new Systemd() : new NoServices();
}
