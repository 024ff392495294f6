using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Cli.Slurm;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.Checks;

/// <summary>What keeps slurmctld from planning, where <c>nodes.lead</c> or <c>nodes.freeSeconds</c> relies on its plans.</summary>
internal static partial class ForesightChecks
{
    // What slurm.conf(5) has by default; bf_window is in minutes.
    private const int UsualInterval = 30;
    private const int UsualWindow = 1440;
    private const int UsualJobs = 500;

    // A plan counts when two readings agree on it, and slurmctld may be about to plan anew.
    private const int IntervalsToAgree = 2;

    /// <summary>Looks at slurm.conf.</summary>
    public static void Run(CheckedSite site, Findings findings)
    {
        if (!IsUsed(site) || (site.Conf is null && site.Slurm is null))
            return;
        findings.Look("foresight");
        var lead = site.Configuration!.Nodes.Lead;
        if (site.Setting("SchedulerType") is { } type && type != "sched/backfill")
            findings.Warning(
                "foresight/scheduler",
                $"SchedulerType={type}",
                "without backfill, slurmctld plans nothing: no job is foreseen",
                "SchedulerType=sched/backfill",
                $"{site.Place("SchedulerType")}; then systemctl restart slurmctld"
            );
        else if (Interval(site) is var interval && interval < 0)
            Parameters(site, findings, "bf_interval=-1: slurmctld does not plan", "no job is foreseen", "bf_interval=30");
        else if (lead > TimeSpan.Zero && TimeSpan.FromSeconds(interval * IntervalsToAgree) > lead)
            findings.Warning(
                "foresight/lead",
                $"nodes.lead is {Duration.Format(lead)}, and slurmctld plans every {interval} s (bf_interval, bf_max_time)",
                $"a plan is believed after {interval * IntervalsToAgree} s, so pods have less time than nodes.lead to leave",
                $"lead: {interval * IntervalsToAgree}s",
                site.Under("nodes")
            );
        if (Parameter(site, "bf_window", UsualWindow) is var window && TimeSpan.FromMinutes(window) < lead)
            Parameters(
                site,
                findings,
                $"bf_window={window} minutes, and nodes.lead is {Duration.Format(lead)}",
                "slurmctld does not plan that far ahead",
                $"bf_window={UsualWindow}"
            );
    }

    /// <summary>Looks at slurmctld's partitions and its queue.</summary>
    public static async Task RunSlurmAsync(
        CheckedSite site,
        Findings findings,
        CancellationToken cancellationToken,
        Func<string, string[], CancellationToken, Task<HostCommand>>? run = null
    )
    {
        if (!IsUsed(site))
            return;
        run ??= HostCommand.RunAsync;
        var policy = new JobPolicy(site.Configuration!.Jobs, site.Configuration.Nodes);
        if (
            (await run("scontrol", ["--all", "--oneliner", "show", "partition"], cancellationToken).ConfigureAwait(false)).Output is
            { } partitions
        )
            foreach (
                var name in partitions
                    .Split('\n')
                    .Where(line =>
                        line.Contains(" DefaultTime=NONE ", StringComparison.Ordinal)
                        && line.Contains(" MaxTime=UNLIMITED ", StringComparison.Ordinal)
                    )
                    .Select(line => Partition().Match(line).Groups["name"].Value)
                    .Where(name => name.Length > 0 && Takes(policy, name))
            )
                findings.Warning(
                    "foresight/time-limits",
                    $"partition {name}: neither DefaultTime nor MaxTime is set",
                    "slurmctld takes a job without a time limit for one that never ends, and plans no job after it",
                    $"PartitionName={name} DefaultTime=1:00:00 …",
                    $"{site.Conf?.Path ?? "slurm.conf"}; then scontrol reconfigure"
                );
        // Those that wait for nothing but nodes.
        if (
            (
                await run("squeue", ["--all", "--noheader", "--states=PENDING", "--format=%r|%P"], cancellationToken).ConfigureAwait(false)
            ).Output
                is { } pending
            && pending
                .Split('\n')
                .Count(line => line.Split('|') is ["Priority" or "Resources", var names] && Takes(policy, names.Split(',')))
                is var count
            && Parameter(site, "bf_max_job_test", UsualJobs) is var most
            && count > most
        )
            findings.Warning(
                "foresight/bf-max-job-test",
                $"{count} jobs wait for nodes, and bf_max_job_test={most}",
                "slurmctld plans no more jobs than that; the others are not foreseen",
                "sdiag, and a higher bf_max_job_test in SchedulerParameters if backfill's last cycles were short",
                $"{site.Place("SchedulerParameters")}; then scontrol reconfigure"
            );
    }

    private static int Interval(CheckedSite site)
    {
        var interval = Parameter(site, "bf_interval", UsualInterval);
        return interval < 0 ? interval : Math.Max(interval, Parameter(site, "bf_max_time", interval));
    }

    private static bool Takes(JobPolicy policy, params string[] partitions) => policy.TakesNodes("", "", partitions);

    private static bool IsUsed(CheckedSite site) => site.Configuration is { Nodes.Lead.Ticks: > 0 } or { Nodes.FreeSeconds: true };

    private static int Parameter(CheckedSite site, string name, int usual) =>
        (site.Setting("SchedulerParameters") ?? "")
            .Split(',', StringSplitOptions.TrimEntries)
            .Select(word => word.Split('=', 2))
            .Where(pair => pair.Length == 2 && pair[0].Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(pair =>
                int.TryParse(pair[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : usual
            )
            .FirstOrDefault(usual);

    private static void Parameters(CheckedSite site, Findings findings, string what, string why, string parameter)
    {
        var others = (site.Setting("SchedulerParameters") ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(word => !word.StartsWith($"{parameter.Split('=')[0]}=", StringComparison.OrdinalIgnoreCase));
        findings.Warning(
            $"foresight/{parameter.Split('=')[0].Replace('_', '-')}",
            what,
            why,
            $"SchedulerParameters={string.Join(',', [.. others, parameter])}",
            $"{site.Place("SchedulerParameters")}; then scontrol reconfigure"
        );
    }

    [GeneratedRegex(@"^PartitionName=(?<name>\S+) ", RegexOptions.CultureInvariant)]
    private static partial Regex Partition();
}
