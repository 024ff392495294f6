using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Checks;

/// <summary>A node's host: plugstack.conf, the services, the clock.</summary>
internal sealed class NodeHostChecks(CheckedSite site, Findings findings)
{
    private const string Consequence = "kubelet and the container runtime keep running beside this node's jobs";

    // What runs pods on the nodes of the sites that there are.
    private static readonly string[] Known =
    [
        "kubelet.service",
        "k3s-agent.service",
        "k3s.service",
        "rke2-agent.service",
        "containerd.service",
        "crio.service",
        "sycri.service",
        "docker.service",
    ];

    private const string Cgroups = "/sys/fs/cgroup";

    private static readonly string[] UserChecks = ["check_ps_unauth_users", "check_ps_userproc_lineage"];

    // What gives a node back where no epilog does.
    private const string Recovery = "bebida-recover.path";
    private const string Linger = "bebida-linger.path";

    // Twice the bound of the node's library: one that is older ends nothing any more.
    private static readonly TimeSpan LongestLinger = TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var line = PlugStackLine();
        await PluginChecks.RunNodeAsync(site, line, findings, cancellationToken).ConfigureAwait(false);
        if (
            line?.Arguments.FirstOrDefault(argument => argument.StartsWith("config=", StringComparison.Ordinal))?["config=".Length..]
                is { } named
            && Path.GetFullPath(named) != Path.GetFullPath(site.ConfigurationFile)
        )
            findings.Warning(
                "configuration/other-file",
                $"checked {site.ConfigurationFile}, but {line.Place} names {named}",
                "these findings do not describe the node",
                $"bebidactl --config {named} check",
                "this host"
            );
        await ServicesAsync(cancellationToken).ConfigureAwait(false);
        PodCgroups();
        HealthCheck();
        await ClockAsync(cancellationToken).ConfigureAwait(false);
    }

    private PlugStackLine? PlugStackLine()
    {
        var path =
            site.Setting("PlugStackConfig")
            ?? (site.Conf is { } conf ? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(conf.Path))!, "plugstack.conf") : null);
        if (path is null)
        {
            findings.Skip("plugstack.conf", "there is no slurm.conf; with configless Slurm it is in /run/slurm/conf while slurmd runs");
            return null;
        }
        findings.Look("plugstack.conf");
        try
        {
            var lines = PlugStack.Read(path);
            if (lines.FirstOrDefault(line => Path.GetFileName(line.Plugin) == "spank_bebida.so") is { } line)
            {
                Order(lines, line);
                if (line.IsRequired)
                    findings.Warning(
                        "plugstack.conf/required",
                        "spank_bebida.so is required",
                        "where the file is missing or built for another Slurm, every srun, sbatch and job fails",
                        $"optional {line.Plugin} {string.Join(' ', line.Arguments)}".TrimEnd(),
                        line.Place
                    );
                return line;
            }
            Missing($"neither {path} nor a file that it includes names spank_bebida.so", path);
        }
        catch (ConfigurationException e)
        {
            Missing(e.Message, path);
        }
        return null;
    }

    private void Missing(string what, string path)
    {
        if (site.Conf?.IsFetched == true)
            findings.Error(
                "plugstack.conf/missing",
                $"{what}; slurmd gets it from slurmctld (configless) and ignores this host's plugstack.conf",
                Consequence,
                "optional spank_bebida.so",
                "plugstack.conf beside slurm.conf on the host of slurmctld; then scontrol reconfigure"
            );
        else
            findings.Error("plugstack.conf/missing", what, Consequence, "optional spank_bebida.so", path);
    }

    // Slurm calls plugins in the order of their lines, and none after a required one that has failed.
    private void Order(IReadOnlyList<PlugStackLine> lines, PlugStackLine ours)
    {
        if (lines.TakeWhile(line => line != ours).FirstOrDefault(line => line.IsRequired) is { } before)
            findings.Warning(
                "plugstack.conf/order",
                $"{before.Plugin} is required and comes before spank_bebida.so",
                "if its epilog fails, ours does not run; kubelet and the container runtime stay down until bebida-recover.timer repairs it",
                $"optional {ours.Plugin} {string.Join(' ', ours.Arguments)}".TrimEnd(),
                $"{before.Place}, above that line, instead of {ours.Place}"
            );
    }

    private async Task ServicesAsync(CancellationToken cancellationToken)
    {
        if (site.Configuration?.Node.Services is not { Count: > 0 } services)
            return;
        if (await UnitsAsync([.. services.Union(Known), Recovery, Linger], cancellationToken).ConfigureAwait(false) is not { } units)
            return;
        findings.Look("services");
        Runs(
            "services/recovery",
            Recovery,
            units.GetValueOrDefault(Recovery),
            "if the epilog of a node's last job fails, the node stays out of Kubernetes until its next job"
        );
        if (site.Configuration.Nodes.Linger > TimeSpan.Zero)
            Runs(
                "services/linger",
                Linger,
                units.GetValueOrDefault(Linger),
                "nodes.linger has no effect on this node: kubelet and the container runtime start after each job"
            );
        var missing = services.Where(service => units.GetValueOrDefault(service)?.Load == "not-found").ToList();
        var there = Known.Where(unit => units.GetValueOrDefault(unit)?.Load == "loaded").ToList();
        if (missing.Count > 0)
        {
            // Those that are right, and where none is, what else there is.
            var right = missing.Count < services.Count ? services.Except(missing).ToList() : there;
            findings.Error(
                "services/missing",
                $"node.services names {string.Join(", ", missing)}, which this host does not have",
                $"{Consequence}",
                $"services: [{(right.Count > 0 ? string.Join(", ", right) : "the units that run pods here")}]",
                site.Under("node")
            );
        }
        foreach (var service in services.Except(missing))
        {
            var (load, active, file) = units[service];
            if (load == "masked" || file == "masked")
                findings.Warning(
                    "services/masked",
                    $"{service} is masked",
                    "it does not start after a job; the node stays out of Kubernetes",
                    $"systemctl unmask {service} && systemctl start {service}",
                    "this host"
                );
            else if (active == "failed")
                findings.Warning(
                    "services/failed",
                    $"{service} has failed",
                    "the node is out of Kubernetes until it runs",
                    $"systemctl status {service}; then systemctl restart {service}",
                    "this host"
                );
            else if (active == "inactive" && !IsTaken())
                findings.Warning(
                    "services/stopped",
                    $"{service} is not running, though no job is on this node",
                    "the node is out of Kubernetes until it runs",
                    $"systemctl start {service}",
                    "this host"
                );
        }
    }

    private void Runs(string id, string unit, Unit? state, string otherwise)
    {
        if (state?.Active == "active")
            return;
        var installed = state?.Load is "loaded" or "masked";
        findings.Warning(
            id,
            $"{unit} {(installed ? "is not running" : "is not installed")}",
            otherwise,
            installed
                ? $"systemctl unmask {unit} && systemctl start {unit}"
                : "install the package bebida-slurmd, or cmake --install with the prefix /usr or /usr/local",
            "this host"
        );
    }

    private void PodCgroups()
    {
        if (
            site.Configuration?.Node is not { LeftoverPods: not LeftoverPods.Keep, PodCgroups: var groups }
            || !DaemonProcess.Runs("kubelet")
        )
            return;
        findings.Look("pod cgroups");
        // On cgroup v1 a folder below is a hierarchy.
        var hierarchies = Directory.EnumerateDirectories(Cgroups).Prepend(Cgroups).ToList();
        if (groups.Any(group => hierarchies.Exists(hierarchy => Directory.Exists(Path.Combine(hierarchy, group)))))
            return;
        var elsewhere = hierarchies
            .SelectMany(hierarchy =>
                Directory
                    .EnumerateDirectories(hierarchy)
                    .Where(folder => Directory.EnumerateDirectories(folder, "*kubepods*").Any())
                    .Select(folder => Path.GetRelativePath(hierarchy, Directory.EnumerateDirectories(folder, "*kubepods*").First()))
            )
            .FirstOrDefault();
        findings.Error(
            "services/pod-cgroups",
            $"kubelet is running, but none of node.podCgroups ({string.Join(", ", groups)}) exists",
            "pods that outlive kubelet keep running beside this node's jobs",
            $"podCgroups: [{elsewhere ?? "the cgroup of kubelet's pods, as systemd-cgls shows it"}]",
            site.Under("node")
        );
    }

    // Of LBNL's Node Health Check, which most sites have: to it, pods are processes of users without a job.
    private void HealthCheck()
    {
        if (site.Setting("HealthCheckProgram") is not { Length: > 0 } program || program == "(null)")
            return;
        findings.Look("health check");
        foreach (var file in new[] { program, "/etc/nhc/nhc.conf" })
        foreach (var (text, number) in Lines(file).Select((text, i) => (text.Trim(), i + 1)))
            if (
                UserChecks.FirstOrDefault(name => text.Contains(name, StringComparison.Ordinal)) is { } check
                && !text.StartsWith('#')
                && !text.Contains("/run/bebida/jobs", StringComparison.Ordinal)
            )
                findings.Warning(
                    "health-check/users",
                    $"{check} mistakes the processes of pods for those of users without a job",
                    "the health check kills pods on lent nodes, or drains the nodes",
                    $"* || if [ -n \"$(ls /run/bebida/jobs 2> /dev/null)\" ]; then {text[text.IndexOf(check, StringComparison.Ordinal)..]}; fi",
                    $"{file}:{number}"
                );
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // By the node's own notes, for a job or for the next one: see NodeState in BeBiDa.Node.
    private static bool IsTaken() =>
        DateTime.UtcNow - File.GetLastWriteTimeUtc("/run/bebida/linger") < LongestLinger
        || (Directory.Exists("/run/bebida/jobs") && Directory.EnumerateFileSystemEntries("/run/bebida/jobs").Any());

    private async Task<Dictionary<string, Unit>?> UnitsAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var (output, problem, _) = await HostCommand
            .RunAsync("systemctl", ["show", "--property=Id,LoadState,ActiveState,UnitFileState", .. names], cancellationToken)
            .ConfigureAwait(false);
        if (output is null)
        {
            findings.Skip("services", problem);
            return null;
        }
        // A block for each, in their order: an alias has another Id than its name.
        return output
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Zip(names)
            .ToDictionary(
                pair => pair.Second,
                pair =>
                {
                    var properties = pair
                        .First.Split('\n')
                        .Select(line => line.Split('=', 2))
                        .Where(words => words.Length == 2)
                        .ToDictionary(words => words[0], words => words[1], StringComparer.Ordinal);
                    return new Unit(
                        properties.GetValueOrDefault("LoadState", ""),
                        properties.GetValueOrDefault("ActiveState", ""),
                        properties.GetValueOrDefault("UnitFileState", "")
                    );
                },
                StringComparer.Ordinal
            );
    }

    private async Task ClockAsync(CancellationToken cancellationToken)
    {
        var (output, problem, _) = await HostCommand
            .RunAsync("timedatectl", ["show", "--property=NTPSynchronized", "--value"], cancellationToken)
            .ConfigureAwait(false);
        if (output is null)
        {
            findings.Skip("clock", problem);
            return;
        }
        findings.Look("clock");
        if (output.Trim() == "no")
            findings.Warning(
                "clocks/not-synchronized",
                "this host's clock is not synchronized",
                "munge rejects hosts whose clocks differ by minutes, and Kubernetes gives the node up for lost; jobs and pods end",
                "timedatectl set-ntp true",
                "this host"
            );
    }

    private sealed record Unit(string Load, string Active, string File);
}
