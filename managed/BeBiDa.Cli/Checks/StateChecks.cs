using System.IO.Enumeration;
using System.Text.RegularExpressions;
using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Checks;

/// <summary>What Slurm does to nodes apart from jobs, of which Kubernetes would know too late or not at all.</summary>
internal static partial class StateChecks
{
    private const string Programs = "/usr/libexec/bebida/";
    private const string Reconfigure = "scontrol reconfigure";

    // What LBNL's Node Health Check writes begins so.
    private const string ReasonOfNhc = "NHC: check_fs_mount";

    /// <summary>Looks at what slurm.conf says.</summary>
    public static void Run(CheckedSite site, Findings findings)
    {
        if (site.Configuration is not { Slurm: var slurm } || (site.Conf is null && site.Slurm is null))
            return;
        findings.Look("states");
        if (slurm.PowerSaving == OnState.Evict && SavesPower(site))
            Program(
                site,
                findings,
                "SuspendProgram",
                "suspend-program",
                "suspendProgram",
                "power saving calls it a moment after it has chosen a node, and the node's pods end with the machine"
            );
        if (slurm.Reboot == OnState.Evict)
            Program(
                site,
                findings,
                "RebootProgram",
                FromController(site) ? "reboot-from-controller" : "reboot-program",
                "rebootProgram",
                "scontrol reboot restarts an idle node within seconds, and the node's pods end with it"
            );
        if (slurm.Drain != OnState.Evict)
            Health(site, slurm, findings);
    }

    /// <summary>Looks at the reservations, which slurmctld alone knows.</summary>
    public static async Task RunReservationsAsync(Findings findings, CancellationToken cancellationToken, SqueueJobs.Run? run = null)
    {
        var answer = await (run ?? HostCommand.RunAsync)("scontrol", ["--all", "--oneliner", "show", "reservation"], cancellationToken)
            .ConfigureAwait(false);
        if (answer.Output is not { } text)
        {
            findings.Skip("reservations", answer.Problem);
            return;
        }
        findings.Look("reservations");
        foreach (var found in text.Split('\n').Select(line => Reservation().Match(line)).Where(found => found.Success))
        {
            var (name, flags) = (found.Groups["name"].Value, found.Groups["flags"].Value);
            if (name.Contains("maint", StringComparison.OrdinalIgnoreCase) && !flags.Split(',').Contains("MAINT"))
                findings.Warning(
                    "reservations/not-maintenance",
                    $"reservation {name} has no flag MAINT (Flags={flags})",
                    "only this flag means maintenance: pods stay on its nodes, and new ones come",
                    $"scontrol update ReservationName={name} Flags+=MAINT",
                    "the host of slurmctld"
                );
        }
    }

    private static void Program(CheckedSite site, Findings findings, string key, string ours, string theirs, string why)
    {
        var line = site.Setting(key);
        if (line is null or "" || line.Split(' ')[0] == Programs + ours)
            return;
        // Another of ours calls the site's own already.
        var also = line.StartsWith(Programs, StringComparison.Ordinal) ? "" : $", and {site.Under("slurm")} {theirs}: {line}";
        findings.Warning(
            key == "RebootProgram" ? "states/reboot-program" : "states/suspend-program",
            $"{key}={line} does not wait for pods",
            why,
            $"{key}={Programs}{ours}{also}",
            $"{site.Place(key)}; then {Reconfigure}"
        );
    }

    private static void Health(CheckedSite site, SlurmConfiguration slurm, Findings findings)
    {
        if (
            site.Setting("HealthCheckProgram") is not { Length: > 0 } program
            || !(SlurmConf.Seconds(site.Setting("HealthCheckInterval")) > TimeSpan.Zero)
        )
            return;
        var isNhc = Path.GetFileName(program.Split(' ')[0]).Contains("nhc", StringComparison.OrdinalIgnoreCase);
        if (
            isNhc
                ? slurm.BadReasons.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, ReasonOfNhc))
                : slurm.BadReasons.Count > 0
        )
            return;
        var reasons = slurm.BadReasons.Prepend(isNhc ? "NHC*" : "health*").Select(pattern => $"\"{pattern}\"");
        findings.Warning(
            "states/health-check",
            $"HealthCheckProgram={program} drains nodes, and slurm.badReasons {(slurm.BadReasons.Count == 0 ? "is empty" : "matches none of its reasons")}",
            "a node that it finds broken keeps its pods, and new ones come",
            $"badReasons: [{string.Join(", ", reasons)}]{(isNhc ? "" : ", with the reasons that it gives")}",
            site.Under("slurm")
        );
    }

    // For all nodes, or for those of a partition (slurm.conf(5)).
    private static bool SavesPower(CheckedSite site) =>
        SlurmConf.Seconds(site.Setting("SuspendTime")) is not null
        || site.Conf?.All("PartitionName").Any(partition => SuspendTime().IsMatch(partition.Value)) == true;

    private static bool FromController(CheckedSite site) =>
        (site.Setting("SlurmctldParameters") ?? "")
            .Split(',', StringSplitOptions.TrimEntries)
            .Contains("reboot_from_controller", StringComparer.OrdinalIgnoreCase);

    [GeneratedRegex(@"\bSuspendTime=\d", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex SuspendTime();

    [GeneratedRegex(@"^ReservationName=(?<name>\S+) .* Flags=(?<flags>\S*)", RegexOptions.CultureInvariant)]
    private static partial Regex Reservation();
}
