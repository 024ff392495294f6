using BeBiDa.Cli.Credentials;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Kubernetes;

namespace BeBiDa.Cli.Checks;

/// <summary>Whether slurmctld's user, who is mostly not root, can read what slurmctld needs.</summary>
internal static class FileChecks
{
    public static void Run(CheckedSite site, Findings findings)
    {
        if (site.Configuration is not { } configuration || !File.Exists(configuration.Kubernetes.Kubeconfig))
            return;
        var user = (site.Setting("SlurmUser") ?? "root").Split('(')[0];
        if (HostUsers.Account(user) is not { } account)
        {
            findings.Error(
                "files/slurm-user",
                $"SlurmUser={user} does not exist on this host",
                "slurmctld does not start",
                $"SlurmUser=slurm",
                site.Place("SlurmUser")
            );
            return;
        }
        foreach (
            var file in Kubeconfig
                .Files(configuration.Kubernetes.Kubeconfig, configuration.Kubernetes.Context)
                .Prepend(site.ConfigurationFile)
                .Where(File.Exists)
        )
            if (Barrier(Path.GetFullPath(file), account) is { } barrier)
                findings.Error(
                    "files/unreadable",
                    $"{file} is not readable by {user} (SlurmUser): {barrier} is {PrivateFile.Describe(barrier)}",
                    "slurmctld runs jobs without BeBiDa; no node is handed over",
                    Directory.Exists(barrier)
                        ? $"chgrp {HostUsers.GroupName(account.Groups[0])} {barrier} && chmod g+rx {barrier}"
                        : $"chown root:{HostUsers.GroupName(account.Groups[0])} {barrier} && chmod 0640 {barrier}",
                    "this host"
                );
        if (configuration.Metrics.Textfile is { Length: > 0 } textfile)
            CheckFolder(Path.GetDirectoryName(textfile)!, user, account, findings);
    }

    private static void CheckFolder(string folder, string user, (uint Number, IReadOnlyList<uint> Groups) account, Findings findings)
    {
        var (isThere, group) = (Directory.Exists(folder), HostUsers.GroupName(account.Groups[0]));
        if (!isThere || (account.Number != 0 && !May(folder, account, Write)))
            findings.Warning(
                "metrics/folder",
                isThere
                    ? $"metrics.textfile: {folder} is not writable by {user} (SlurmUser)"
                    : $"metrics.textfile: {folder} does not exist",
                "Prometheus gets no metrics of hand-overs",
                isThere ? $"chgrp {group} {folder} && chmod g+w {folder}" : $"install -d -o root -g {group} -m 2775 {folder}",
                "this host"
            );
    }

    // The first thing on the way that keeps someone out; null for none.
    private static string? Barrier(string path, (uint Number, IReadOnlyList<uint> Groups) account)
    {
        if (account.Number == 0)
            return null;
        var way = new List<string> { path };
        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
            way.Insert(0, folder);
        return way.FirstOrDefault(part => !May(part, account, part == path ? Read : Enter));
    }

    private const uint Read = 4;
    private const uint Write = 2;
    private const uint Enter = 1;

    private static bool May(string path, (uint Number, IReadOnlyList<uint> Groups) account, uint right)
    {
        var (owner, group, mode) = TrustedFile.Permissions(path);
        var shift =
            owner == account.Number ? 6
            : account.Groups.Contains(group) ? 3
            : 0;
        return (mode >> shift & right) != 0;
    }
}
