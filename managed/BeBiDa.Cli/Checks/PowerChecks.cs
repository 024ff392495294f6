using BeBiDa.Cli.Slurm;

namespace BeBiDa.Cli.Checks;

/// <summary>BeBiDa's programs in slurm.conf, which have the pods leave before a machine goes, and what Slurm needs for <c>nodes.keepAwake</c>.</summary>
internal static class PowerChecks
{
    // What slurm.conf(5) has by default.
    private static readonly TimeSpan UsualSuspend = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UsualResume = TimeSpan.FromSeconds(60);

    // For the site's own program, and for the machine to boot.
    private const int ForProgram = 10;
    private const int ForBoot = 60;

    public static void Run(CheckedSite site, Findings findings)
    {
        if (site.Configuration is not { } configuration || (site.Conf is null && site.Slurm is null))
            return;
        findings.Look("power");
        var slurm = configuration.Slurm;
        OwnProgram(site, findings, "SuspendProgram", "suspendProgram", slurm.SuspendProgram, "suspend-program");
        OwnProgram(site, findings, "ResumeProgram", "resumeProgram", slurm.ResumeProgram, "resume-program");
        OwnProgram(site, findings, "RebootProgram", "rebootProgram", slurm.RebootProgram, "reboot-program", "reboot-from-controller");
        var wait = (int)Math.Ceiling(slurm.PowerTimeout.TotalSeconds);
        if (IsOurs(site, "SuspendProgram", "suspend-program"))
            TimeLimit(
                site,
                findings,
                "SuspendTimeout",
                UsualSuspend,
                wait + ForProgram,
                "Slurm takes a node for switched off while its pods still leave"
            );
        if (IsOurs(site, "RebootProgram", "reboot-program", "reboot-from-controller"))
            TimeLimit(
                site,
                findings,
                "ResumeTimeout",
                UsualResume,
                wait + ForBoot,
                "a node that waits for its pods and boots may be DOWN before it is back"
            );
        if (configuration.Nodes.KeepAwake)
            KeepAwake(site, findings);
    }

    private static bool IsOurs(CheckedSite site, string key, params string[] names) =>
        site.Setting(key) is { } program && names.Contains(Path.GetFileName(program.Split(' ')[0]), StringComparer.Ordinal);

    // Ours ends with an error where it does not know the site's own.
    private static void OwnProgram(CheckedSite site, Findings findings, string key, string ours, string path, params string[] names)
    {
        if (!IsOurs(site, key, names))
            return;
        if (path.Length == 0)
            findings.Error(
                "power/program",
                $"{key}={site.Setting(key)}, but slurm.{ours} is not set",
                "BeBiDa's program does not know your own, and changes no machine",
                $"{ours}: /path/of/your/program",
                site.Under("slurm")
            );
        else if (names.Contains(Path.GetFileName(path), StringComparer.Ordinal))
            findings.Error(
                "power/program",
                $"slurm.{ours} is {path}: BeBiDa's program would call itself",
                "no machine is changed",
                $"{ours}: /path/of/your/program",
                site.Under("slurm")
            );
    }

    private static void TimeLimit(CheckedSite site, Findings findings, string key, TimeSpan usual, int needed, string why)
    {
        var limit = SlurmConf.Seconds(site.Setting(key)) ?? usual;
        if (limit < TimeSpan.FromSeconds(needed))
            findings.Warning(
                "power/timeout",
                $"{key}={limit.TotalSeconds:0} leaves your own program and the machine too little beside slurm.powerTimeout ({Duration.Format(site.Configuration!.Slurm.PowerTimeout)})",
                why,
                $"{key}={needed}",
                $"{site.Place(key)}; then scontrol reconfigure"
            );
    }

    private static void KeepAwake(CheckedSite site, Findings findings)
    {
        if (site.Slurm?.Version is { } version && (version.Major, version.Minor).CompareTo((23, 2)) < 0)
            findings.Error(
                "power/keep-awake",
                $"nodes.keepAwake is true, and Slurm is {version}",
                "Slurm before 23.02 cannot change SuspendExcNodes while it runs: nodes with pods are switched off",
                "keepAwake: false",
                site.Under("nodes")
            );
        else if (site.Setting("SuspendExcNodes") is { } listed && listed.Contains(':', StringComparison.Ordinal))
            findings.Error(
                "power/keep-awake",
                $"nodes.keepAwake is true, and SuspendExcNodes={listed} has entries with a number of nodes",
                "Slurm adds no nodes to such a list: nodes with pods are switched off",
                $"SuspendExcNodes={string.Join(',', listed.Split(',').Select(entry => entry.Split(':')[0]))}",
                $"{site.Place("SuspendExcNodes")}; then scontrol reconfigure"
            );
    }
}
