using BeBiDa.Cli.Slurm;

namespace BeBiDa.Cli.Checks;

/// <summary>Slurm's time limits against ours.</summary>
internal static class TimeoutChecks
{
    // What slurm.conf has by default, and what slurmctld adds to BatchStartTimeout at most (DEFAULT_MSG_TIMEOUT).
    private static readonly TimeSpan UsualBatchStart = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MostOfMessageTimeout = TimeSpan.FromSeconds(10);

    // How scontrol shows that there is none (NO_VAL16 in 22.05).
    private static readonly TimeSpan None = TimeSpan.FromSeconds(ushort.MaxValue - 1);

    public static void Run(CheckedSite site, Findings findings)
    {
        if (site.Configuration is not { } configuration || (site.Conf is null && site.Slurm is null))
            return;
        findings.Look("timeouts");
        // A prolog may have to wait for another one of its node.
        var longest = 2 * configuration.Node.StopTimeout + configuration.Node.StartTimeout;
        var seconds = (int)Math.Ceiling(longest.TotalSeconds);
        var limit = SlurmConf.Seconds(site.Setting("PrologEpilogTimeout"));
        if (limit is { } nodes && nodes < None && nodes <= longest)
            findings.Error(
                "timeouts/prolog-epilog",
                $"PrologEpilogTimeout={nodes.TotalSeconds} must exceed the longest prolog on a node ({Duration.Format(longest)}: twice node.stopTimeout plus node.startTimeout)",
                "Slurm kills the prolog and drains the node",
                $"PrologEpilogTimeout={Math.Max(seconds, (int)configuration.Controller.Deadline.TotalSeconds) + 10}",
                $"{site.Place("PrologEpilogTimeout")}; then scontrol reconfigure"
            );
        else if (limit is { } scripts && scripts < None && site.UsesHook && scripts <= configuration.Controller.Deadline)
            findings.Error(
                "timeouts/prolog-epilog",
                $"PrologEpilogTimeout={scripts.TotalSeconds} must exceed controller.deadline ({Duration.Format(configuration.Controller.Deadline)})",
                "Slurm kills bebidactl hook before it ends, and requeues the job",
                $"PrologEpilogTimeout={(int)configuration.Controller.Deadline.TotalSeconds + 10}",
                $"{site.Place("PrologEpilogTimeout")}; then scontrol reconfigure"
            );
        var message = SlurmConf.Seconds(site.Setting("MessageTimeout")) ?? MostOfMessageTimeout;
        var start = SlurmConf.Seconds(site.Setting("BatchStartTimeout")) ?? UsualBatchStart;
        if (start + (message < MostOfMessageTimeout ? message : MostOfMessageTimeout) < longest)
            findings.Warning(
                "timeouts/batch-start",
                $"BatchStartTimeout={start.TotalSeconds} is shorter than the longest prolog on a node ({Duration.Format(longest)}: twice node.stopTimeout plus node.startTimeout)",
                "if slurmd registers while a prolog waits for a slow service, its batch job is requeued: 'missing from batch node'",
                $"BatchStartTimeout={seconds}",
                $"{site.Place("BatchStartTimeout")}; then scontrol reconfigure"
            );
    }
}
