namespace BeBiDa.Cli.Checks;

/// <summary>The lines of slurm.conf, and whether the running slurmctld has read them.</summary>
internal static class SlurmConfChecks
{
    private const string Restart = "systemctl restart slurmctld";

    // These bring Alloc with them (slurm.conf(5)).
    private static readonly string[] Alloc = ["Alloc", "Contain", "NoHold", "X11", "DeferBatch", "ForceRequeueOnFail"];

    // These bring associations with them (slurm.conf(5)).
    private static readonly string[] Enforcing = ["associations", "limits", "qos", "safe", "wckeys", "all"];

    public static void Run(CheckedSite site, Findings findings)
    {
        if (site.Slurm is null)
            findings.Error(
                "slurm.conf/slurmctld",
                $"slurmctld does not answer ({site.SlurmProblem})",
                "no job starts, and its settings cannot be checked",
                "systemctl start slurmctld",
                "the host of slurmctld; its log says why it ended"
            );
        if (site.Conf is null && site.Slurm is null)
        {
            findings.Skip("slurm.conf", "there is none to read");
            return;
        }
        findings.Look("slurm.conf");
        if (!site.UsesHook)
            Plugin(site, findings);
        Flags(site, findings);
        Accounts(site, findings);
        Scripts(site, findings);
    }

    private static void Plugin(CheckedSite site, Findings findings)
    {
        var line = site.Setting("PrEpPlugins");
        if (!site.PrEpPlugins.Contains("prep/bebida"))
            findings.Error(
                "slurm.conf/prep-plugins",
                line is null ? "PrEpPlugins is not set" : $"PrEpPlugins={line} has no prep/bebida",
                "slurmctld does not load the plugin: no job's nodes are taken from Kubernetes",
                $"PrEpPlugins={line ?? "prep/script"},prep/bebida",
                $"{site.Place("PrEpPlugins")}; then {Restart}"
            );
        else if (site.Slurm is { } slurm && !(slurm["PrEpPlugins"] ?? "").Contains("prep/bebida", StringComparison.Ordinal))
            findings.Error(
                "slurm.conf/not-restarted",
                $"slurmctld runs with PrEpPlugins={slurm["PrEpPlugins"]}, but {site.Place("PrEpPlugins")} says {line}",
                "slurmctld loads plugins only when it starts; no job's nodes are taken from Kubernetes",
                Restart,
                "the host of slurmctld"
            );
    }

    private static void Flags(CheckedSite site, Findings findings)
    {
        var flags = site.Setting("PrologFlags");
        if (flags?.Split(',', StringSplitOptions.TrimEntries).Any(flag => Alloc.Contains(flag, StringComparer.OrdinalIgnoreCase)) != true)
            findings.Error(
                "slurm.conf/prolog-flags",
                flags is null or "" ? "PrologFlags is not set" : $"PrologFlags={flags} has no Alloc",
                "services stop only with the job's first step on a node, and not at all on nodes without one; pods run beside the job",
                $"PrologFlags={(flags is null or "" ? "" : flags + ",")}Alloc",
                $"{site.Place("PrologFlags")}; then {Restart}"
            );
        else if (site.Slurm is { } slurm && !(slurm["PrologFlags"] ?? "").Contains("Alloc", StringComparison.OrdinalIgnoreCase))
            findings.Error(
                "slurm.conf/not-restarted",
                $"slurmctld runs with PrologFlags={slurm["PrologFlags"]}, but {site.Place("PrologFlags")} says {flags}",
                "pods run beside the job",
                "scontrol reconfigure",
                "the host of slurmctld"
            );
    }

    private static void Accounts(CheckedSite site, Findings findings)
    {
        var enforced = site.Setting("AccountingStorageEnforce") ?? "";
        if (
            site.Configuration?.Jobs.MayKeep.Accounts.Count > 0
            && !enforced.Split(',', StringSplitOptions.TrimEntries).Any(word => Enforcing.Contains(word, StringComparer.OrdinalIgnoreCase))
        )
            findings.Error(
                "slurm.conf/accounts",
                "jobs.mayKeep.accounts is set, but slurmctld does not check accounts",
                "a user can name any account, and so keep any node in Kubernetes",
                $"AccountingStorageEnforce={(enforced is "" or "none" ? "" : enforced + ",")}associations",
                $"{site.Place("AccountingStorageEnforce")}; then {Restart}"
            );
    }

    private static void Scripts(CheckedSite site, Findings findings)
    {
        string[] all = ["PrologSlurmctld", "EpilogSlurmctld", "Prolog", "Epilog"];
        var scripts = all.Where(key => site.Setting(key) is { Length: > 0 }).ToList();
        if (scripts.Count > 0 && !site.PrEpPlugins.Contains("prep/script"))
            findings.Error(
                "slurm.conf/prep-script",
                $"PrEpPlugins={site.Setting("PrEpPlugins")} has no prep/script, and {string.Join(", ", scripts)} is set",
                "Slurm no longer runs these scripts",
                $"PrEpPlugins=prep/script,{site.Setting("PrEpPlugins")}",
                $"{site.Place("PrEpPlugins")}; then {Restart}"
            );
        if (site.UsesHook)
            return;
        foreach (var key in scripts.Where(key => key.EndsWith("Slurmctld", StringComparison.Ordinal)))
            if (CheckedSite.Mentions(site.Setting(key)!, "kubectl") || CheckedSite.Mentions(site.Setting(key)!, "bebidactl hook"))
                findings.Warning(
                    "slurm.conf/old-script",
                    $"{key}={site.Setting(key)} takes nodes from Kubernetes too, in addition to the plugin",
                    "it uncordons nodes when a job ends, even if another job holds them",
                    $"# {key}={site.Setting(key)}",
                    $"{site.Place(key)}; then {Restart}"
                );
    }
}
