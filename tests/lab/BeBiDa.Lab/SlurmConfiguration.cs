using System.Text;

namespace BeBiDa.Lab;

/// <summary>Writes the lab's <c>slurm.conf</c> and what it refers to.</summary>
internal sealed class SlurmConfiguration(string directory, SlurmOptions options, PortBlock ports)
{
    public string Path { get; } = System.IO.Path.Combine(directory, "slurm.conf");

    public string MungeSocket { get; } = System.IO.Path.Combine(directory, "munge", "socket");

    public IReadOnlyList<string> Nodes { get; } = [.. Enumerable.Range(1, options.Nodes).Select(i => $"n{i}")];

    /// <summary>What the slurmctld that stands by reads: the same, but for the files that it alone writes.</summary>
    public string BackupPath { get; } = System.IO.Path.Combine(directory, "slurm-backup.conf");

    /// <summary>The name by which the slurmctld that stands by knows that it is the second; its host has to bear it.</summary>
    public string BackupHost { get; } = Host() + "-backup";

    /// <summary>An /etc/hosts in which that name has an address.</summary>
    public string BackupHosts { get; } = System.IO.Path.Combine(directory, "hosts-backup");

    public string ControllerLog => Log("slurmctld");

    public string BackupLog => Log("slurmctld-backup");

    public string NodeLog(string node) => Log(node);

    public string Output(string daemon) => System.IO.Path.Combine(directory, "log", daemon + ".out");

    public void Write()
    {
        foreach (var name in new[] { "munge", "spool", "log", "scripts", "jobs" })
            Directory.CreateDirectory(System.IO.Path.Combine(directory, name));
        // In memory: slurmctld syncs each file that it saves, for half a minute where others keep the disk busy.
        Directory.CreateSymbolicLink(
            System.IO.Path.Combine(directory, "state"),
            Directory.CreateDirectory(System.IO.Path.Combine("/dev/shm", System.IO.Path.GetFileName(directory))).FullName
        );
        File.WriteAllText(Path, Text(ControllerLog, "slurmctld.pid"));
        if (options.Backup)
        {
            File.WriteAllText(BackupPath, Text(BackupLog, "slurmctld-backup.pid"));
            File.WriteAllText(BackupHosts, $"{File.ReadAllText("/etc/hosts")}\n127.0.0.2 {BackupHost}\n");
        }
        // Nothing of the lab uses cgroups, but slurmd looks for them as it starts: with "autodetect" it fails where none
        // are mounted, and on cgroup v2 it asks the host's systemd for a scope. The v1 plugin touches nothing until used.
        File.WriteAllText(System.IO.Path.Combine(directory, "cgroup.conf"), "CgroupPlugin=cgroup/v1\n");
        if (options.WithoutMunge)
            PrivateKey.Write(System.IO.Path.Combine(directory, "slurm.key"));
        if (options.PlugStack.Count > 0)
            File.WriteAllLines(System.IO.Path.Combine(directory, "plugstack.conf"), options.PlugStack);
    }

    // What the kernel calls this host, up to the first dot: slurmctld looks for itself under this name.
    private static string Host() => File.ReadAllText("/proc/sys/kernel/hostname").Trim().Split('.')[0];

    private string Text(string controllerLog, string pidFile)
    {
        var host = Host();
        var text = new StringBuilder();
        void Line(string line) => text.Append(line).Append('\n');

        Line($"ClusterName={options.ClusterName}");
        Line($"SlurmctldHost={host}(127.0.0.1)");
        if (options.Backup)
        {
            Line($"SlurmctldHost={BackupHost}(127.0.0.2)");
            // Each listens on its own address only.
            Line("CommunicationParameters=NoCtldInAddrAny");
            // Whoever finds neither in charge, as while both start, sleeps for half of this (slurm_protocol_api.c).
            Line("SlurmctldTimeout=10");
        }
        Line($"SlurmctldPort={ports.First}");
        // Of a node that slurm.conf does not name; each of the others has its own port.
        Line($"SlurmdPort={ports.First + 1 + Nodes.Count}");
        Line("SlurmUser=root");
        Line("SlurmdUser=root");
        var auth = options.WithoutMunge ? "slurm" : "munge";
        Line($"AuthType=auth/{auth}");
        Line($"CredType=cred/{auth}");
        Line(
            $"AuthInfo={(options.WithoutMunge ? "" : $"socket={MungeSocket},")}cred_expire={(int)options.CredentialLifetime.TotalSeconds}"
        );
        Line($"StateSaveLocation={directory}/state");
        Line($"SlurmdSpoolDir={directory}/spool/%n");
        Line($"SlurmctldPidFile={directory}/{pidFile}");
        Line($"SlurmdPidFile={directory}/%n.pid");
        Line($"SlurmctldLogFile={controllerLog}");
        Line($"SlurmdLogFile={Log("%n")}");
        Line($"SlurmctldDebug={options.LogLevel}");
        Line($"SlurmdDebug={options.LogLevel}");
        Line($"PluginDir={PluginPath()}");
        Line($"PrEpPlugins={string.Join(',', options.PrEpPlugins)}");
        Line("PrologFlags=Alloc");
        Line("ProctrackType=proctrack/linuxproc");
        Line("TaskPlugin=task/none");
        Line("JobAcctGatherType=jobacct_gather/none");
        Line("AccountingStorageType=accounting_storage/none");
        Line("SwitchType=switch/none");
        Line("MpiDefault=none");
        Line("MailProg=/bin/true");
        Line("SelectType=select/cons_tres");
        Line("SelectTypeParameters=CR_CPU");
        Line("SchedulerType=sched/backfill");
        // A short queue moves at once: no batching of submissions, a full pass each second.
        Line("SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0");
        Line("SlurmdParameters=config_overrides");
        Line("JobRequeue=1");
        Line("ReturnToService=2");
        Line("KillWait=2");
        Script("PrologSlurmctld", options.PrologSlurmctld, Line);
        Script("EpilogSlurmctld", options.EpilogSlurmctld, Line);
        Script("Prolog", options.Prolog, Line);
        Script("Epilog", options.Epilog, Line);
        for (var i = 0; i < Nodes.Count; i++)
            Line($"NodeName={Nodes[i]} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports.First + 1 + i} CPUs={options.CpusPerNode}");
        // By name: ExtraConfiguration may add nodes that have no slurmd.
        var nodes = string.Join(',', Nodes);
        Line($"PartitionName={SlurmCluster.ExclusivePartition} Nodes={nodes} Default=YES OverSubscribe=EXCLUSIVE");
        Line($"PartitionName={SlurmCluster.SharedPartition} Nodes={nodes} OverSubscribe=FORCE:4");
        foreach (var line in options.ExtraConfiguration)
            Line(line);
        return text.ToString();
    }

    private void Script(string key, string? text, Action<string> line)
    {
        if (text is null)
            return;
        var path = System.IO.Path.Combine(directory, "scripts", key);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        line($"{key}={path}");
    }

    private string Log(string daemon) => System.IO.Path.Combine(directory, "log", daemon + ".log");

    private string PluginPath()
    {
        var slurm = options.SlurmPluginDirectory ?? SlurmInstallation.PluginDirectory();
        return options.PluginDirectory is { } ours ? $"{ours}:{slurm}" : slurm;
    }
}
