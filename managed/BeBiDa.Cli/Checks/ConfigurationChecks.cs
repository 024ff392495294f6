using BeBiDa.Configuration;

namespace BeBiDa.Cli.Checks;

/// <summary>bebida.yaml: what its own rules say, and what they cannot see.</summary>
internal static class ConfigurationChecks
{
    // What most pods have, who say nothing (kubernetes.io, pod lifecycle).
    private static readonly TimeSpan UsualGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(45);

    public static void Run(CheckedSite site, HostRole role, Findings findings)
    {
        findings.Look("configuration");
        foreach (var problem in site.ConfigurationProblems)
            findings.Error(
                "configuration/refused",
                problem.What,
                role == HostRole.Controller
                    ? "slurmctld runs jobs without BeBiDa; no node is handed over"
                    : "kubelet and the container runtime keep running beside this node's jobs",
                problem.Remedy ?? "a valid value, or delete the line: the default suits most sites",
                problem.Place ?? site.ConfigurationFile
            );
        if (site.Configuration is not { } configuration)
            return;
        foreach (var problem in configuration.Outdated)
            findings.Error(
                "configuration/outdated",
                problem.What,
                "the rest of the file is used; what this key said does not happen",
                problem.Remedy ?? $"delete {problem.Key}",
                problem.Place ?? site.ConfigurationFile
            );
        Reads(site, findings);
        if (role == HostRole.Controller)
            Timeouts(site, configuration, findings);
    }

    private static void Timeouts(CheckedSite site, BebidaConfiguration configuration, Findings findings)
    {
        var (kubernetes, controller, eviction) = (configuration.Kubernetes, configuration.Controller, configuration.Eviction);
        if (kubernetes.RequestTimeout >= controller.Deadline)
            findings.Warning(
                "timeouts/request",
                $"kubernetes.requestTimeout ({Duration.Format(kubernetes.RequestTimeout)}) is not shorter than controller.deadline ({Duration.Format(controller.Deadline)})",
                "one request that hangs uses up the whole deadline, and is never retried",
                $"requestTimeout: {Duration.Format(controller.Deadline / 3)}",
                site.Under("kubernetes")
            );
        if (eviction.GracePeriod is null && eviction.Deadline <= UsualGrace)
            findings.Warning(
                "timeouts/grace",
                $"eviction.gracePeriod is pod, but eviction.deadline ({Duration.Format(eviction.Deadline)}) does not exceed the usual grace period of {Duration.Format(UsualGrace)}",
                "pods are killed before their grace period ends",
                controller.Deadline > LongEnough
                    ? $"deadline: {Duration.Format(LongEnough)}"
                    : $"deadline: {Duration.Format(LongEnough)}, and under controller: deadline: {Duration.Format(2 * LongEnough)}",
                site.Under("eviction")
            );
    }

    // For the one who runs this command another file may be the right one than for the daemon.
    private static void Reads(CheckedSite site, Findings findings)
    {
        if (site.DaemonEnvironment.Count == 0)
            return;
        var theirs = site.DaemonEnvironment.GetValueOrDefault(ConfigurationFile.PathVariable) ?? ConfigurationFile.DefaultPath;
        if (Path.GetFullPath(theirs) != Path.GetFullPath(site.ConfigurationFile))
            findings.Warning(
                "configuration/other-file",
                $"checked {site.ConfigurationFile}, but the running daemon reads {theirs}",
                "these findings do not describe the daemon",
                $"bebidactl --config {theirs} check",
                "this host"
            );
    }
}
