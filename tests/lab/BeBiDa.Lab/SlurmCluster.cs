namespace BeBiDa.Lab;

/// <summary>
/// A whole Slurm cluster on this host: munged, slurmctld and a slurmd for each node, in one temporary
/// directory, beside any other. Ends with its disposal or with this process.
/// </summary>
public sealed partial class SlurmCluster : IAsyncDisposable
{
    /// <summary>The default partition: a job has its nodes for itself.</summary>
    public const string ExclusivePartition = "exclusive";

    /// <summary>All nodes too, up to four jobs on one CPU.</summary>
    public const string SharedPartition = "shared";

    // Slurm counts a machine's start in whole seconds: one that boots within the second of its request counts as not yet
    // booted, and Slurm waits for another boot (waiting_for_node_boot in node_mgr.c).
    private static readonly string[] s_starting =
    [
        "/bin/sh",
        "-c",
        """boots=$1; shift; if [ -e "$boots" ]; then rm "$boots"; sleep 2; set -- "$@" -b; fi; exec "$@" """,
        "sh",
    ];

    private readonly SlurmOptions _options;
    private readonly SlurmConfiguration _configuration;
    private readonly PortBlock _ports;
    private readonly Reaper _reaper;
    private readonly Daemon _munge;
    private readonly List<NotifySocket> _notified = [];
    private readonly IReadOnlyDictionary<string, Daemon> _nodes;
    private bool _disposed;

    private SlurmCluster(SlurmOptions options, string directory, PortBlock ports)
    {
        _options = options;
        Directory = directory;
        _ports = ports;
        _configuration = new SlurmConfiguration(directory, options, ports);
        _configuration.Write();
        _munge = Munge();
        Controller = Slurmctld("slurmctld", _configuration.ControllerLog, [], ConfigPath);
        if (options.Backup)
        {
            // In namespaces in which the host has another name, and that name an address.
            Backup = Slurmctld(
                "slurmctld-backup",
                _configuration.BackupLog,
                [
                    SlurmInstallation.Program("unshare"),
                    "--uts",
                    "--mount",
                    "/bin/sh",
                    "-c",
                    """hostname "$1" && mount --bind "$2" /etc/hosts && shift 2 && exec "$@" """,
                    "sh",
                    _configuration.BackupHost,
                    _configuration.BackupHosts,
                ],
                _configuration.BackupPath
            );
        }
        _nodes = Nodes.ToDictionary(
            node => node,
            node =>
                Slurm(
                    node,
                    _configuration.NodeLog(node),
                    options.NodeEnvironment,
                    [.. s_starting, BootFile(node), SlurmInstallation.Program("slurmd"), "-D", "-N", node, "-f", ConfigPath]
                )
        );
        _reaper = Reaper.Start(directory, options.KeepDirectory);
    }

    /// <summary>Everything of this cluster: configuration, state, logs, scripts, and the jobs' output in <c>jobs/</c>.</summary>
    public string Directory { get; }

    /// <summary>What <c>SLURM_CONF</c> has to be for Slurm's commands to find this cluster.</summary>
    public string ConfigPath => _configuration.Path;

    /// <summary>The nodes' names, in order.</summary>
    public IReadOnlyList<string> Nodes => _configuration.Nodes;

    /// <summary>slurmctld.</summary>
    public Daemon Controller { get; }

    /// <summary>The slurmctld that stands by; null where none does.</summary>
    public Daemon? Backup { get; }

    /// <summary>The slurmd of a node.</summary>
    public Daemon NodeDaemon(string node) => _nodes[node];

    /// <summary>Starts a cluster and returns when slurmctld answers and every node is idle.</summary>
    public static async Task<SlurmCluster> StartAsync(SlurmOptions options, CancellationToken cancellationToken = default)
    {
        if (!Environment.IsPrivilegedProcess)
            throw new LabException("The lab needs root: slurmd starts jobs as their users.");
        var cluster = Prepare(options);
        try
        {
            await cluster.StartDaemonsAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends slurmctld, by SIGTERM or, as a crash would, by SIGKILL.</summary>
    public async Task StopControllerAsync(bool kill = false, CancellationToken cancellationToken = default)
    {
        if (kill)
            await Controller.KillAsync(cancellationToken);
        else if (!await Controller.StopAsync(_options.Patience, cancellationToken))
            throw new LabException(
                $"slurmctld did not stop within {_options.Patience.TotalSeconds:0} s of SIGTERM and was killed. {LogTail(Controller)}"
            );
    }

    /// <summary>Kills slurmctld, which stands still meanwhile, if that holds; else lets it go on.</summary>
    public async Task<bool> TryKillControllerAsync(Func<bool> condition, CancellationToken cancellationToken = default)
    {
        try
        {
            await Controller.SuspendAsync(cancellationToken);
            if (!condition())
                return false;
            await Controller.KillAsync(cancellationToken);
            return true;
        }
        finally
        {
            Controller.Resume();
        }
    }

    /// <summary>Starts slurmctld and returns when it answers.</summary>
    public async Task StartControllerAsync(CancellationToken cancellationToken = default)
    {
        Controller.Start();
        await Eventually.HoldsAsync(
            "slurmctld answers",
            _options.Patience,
            async cancel => IsAlive(Controller) && await PingAsync(cancel),
            cancellationToken,
            () => LogTail(Controller)
        );
    }

    /// <summary>Ends slurmctld and starts it anew.</summary>
    public async Task RestartControllerAsync(bool kill = false, CancellationToken cancellationToken = default)
    {
        await StopControllerAsync(kill, cancellationToken);
        await StartControllerAsync(cancellationToken);
    }

    /// <summary>Has the slurmctld that stands by take over, and returns when it answers for the cluster.</summary>
    public async Task TakeOverAsync(CancellationToken cancellationToken = default)
    {
        (await RunAsync("scontrol", ["takeover"], cancellationToken)).EnsureSucceeded();
        CommandResult? answer = null;
        await Eventually.HoldsAsync(
            "the backup controller answers for the cluster",
            _options.Patience,
            async cancel => (answer = await RunAsync("squeue", ["--noheader"], cancel)).ExitCode == 0,
            cancellationToken,
            () => $"{answer?.StandardError}\n{LogTail(Backup!)}"
        );
    }

    /// <summary>Kills the slurmd of a node; jobs on that node go on, as in a crash of slurmd.</summary>
    public Task KillNodeDaemonAsync(string node, CancellationToken cancellationToken = default) =>
        _nodes[node].KillAsync(cancellationToken);

    /// <summary>Starts the slurmd of a node.</summary>
    public void StartNodeDaemon(string node) => _nodes[node].Start();

    /// <summary>Starts the slurmd of a node as after a boot of its machine, which takes two seconds (<c>slurmd -b</c>).</summary>
    public void BootNodeDaemon(string node)
    {
        File.WriteAllText(BootFile(node), "");
        StartNodeDaemon(node);
    }

    /// <summary>Starts the slurmd of one more node, which slurm.conf does not name (<c>slurmd -Z</c>), and returns when it is idle.</summary>
    public async Task<Daemon> AddNodeAsync(string node, CancellationToken cancellationToken = default)
    {
        var line = $"NodeAddr=127.0.0.1 CPUs={_options.CpusPerNode}";
        var slurmd = Slurm(
            node,
            _configuration.NodeLog(node),
            _options.NodeEnvironment,
            [SlurmInstallation.Program("slurmd"), "-D", "-N", node, "-Z", "--conf", line, "-f", ConfigPath]
        );
        slurmd.Start();
        await Eventually.HoldsAsync(
            $"{node} is idle",
            _options.Patience,
            async cancel =>
                IsAlive(slurmd) && (await RunAsync("sinfo", ["-h", "-n", node, "-o", "%t"], cancel)).StandardOutput.Contains("idle"),
            cancellationToken,
            () => LogTail(slurmd)
        );
        return slurmd;
    }

    /// <summary>Lets slurmctld and every slurmd read <see cref="ConfigPath"/> again.</summary>
    public async Task ReconfigureAsync(CancellationToken cancellationToken = default) =>
        (await RunAsync("scontrol", ["reconfigure"], cancellationToken)).EnsureSucceeded();

    /// <summary>Writes another list of <c>PrEpPlugins</c> into <see cref="ConfigPath"/>, for whoever reads that next.</summary>
    public async Task WritePrEpPluginsAsync(IReadOnlyList<string> plugins, CancellationToken cancellationToken = default)
    {
        const string key = "PrEpPlugins=";
        var lines = await File.ReadAllLinesAsync(ConfigPath, cancellationToken);
        // In one step: a slurmd that reads half of it ends.
        var changed = ConfigPath + ".new";
        await File.WriteAllLinesAsync(
            changed,
            lines.Select(line => line.StartsWith(key, StringComparison.Ordinal) ? key + string.Join(',', plugins) : line),
            cancellationToken
        );
        File.Move(changed, ConfigPath, overwrite: true);
    }

    /// <summary>Whether slurmctld answers.</summary>
    public async Task<bool> PingAsync(CancellationToken cancellationToken = default)
    {
        var ping = await RunAsync("scontrol", ["ping"], cancellationToken);
        return ping.ExitCode == 0 && ping.StandardOutput.Contains("is UP");
    }

    /// <summary>Waits until no node runs a job or is being cleaned up after one.</summary>
    public Task WaitForIdleNodesAsync(CancellationToken cancellationToken = default) =>
        Eventually.HoldsAsync("every node is idle", _options.Patience, AllIdleAsync, cancellationToken, () => LogTail(Controller));

    /// <summary>Ends the cluster with all its jobs; when this returns, none of its processes is left.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _reaper.ReapAsync();
        _notified.ForEach(socket => socket.Dispose());
        _ports.Dispose();
    }

    private static SlurmCluster Prepare(SlurmOptions options)
    {
        var ports = PortBlock.Reserve(options.Nodes + 2);
        var directory = System.IO.Directory.CreateTempSubdirectory("bebida-lab.").FullName;
        try
        {
            // Jobs of any user work below; what is secret has a mode of its own.
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);
            return new SlurmCluster(options, directory, ports);
        }
        catch
        {
            ports.Dispose();
            System.IO.Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    private async Task StartDaemonsAsync(CancellationToken cancellationToken)
    {
        if (!_options.WithoutMunge)
            await StartMungeAsync(cancellationToken);
        Controller.Start();
        foreach (var node in _nodes.Values)
            node.Start();
        await Eventually.HoldsAsync(
            "slurmctld answers and every node is idle",
            _options.Patience,
            async cancel => _nodes.Values.Append(Controller).All(IsAlive) && await PingAsync(cancel) && await AllIdleAsync(cancel),
            cancellationToken,
            () => LogTail(Controller)
        );
        // Two that begin at once wait for each other: the first for an answer, for 30 s, the other for the first one's heartbeat
        // (Slurm 24.11, run_backup() in src/slurmctld/backup.c).
        Backup?.Start();
    }

    private async Task StartMungeAsync(CancellationToken cancellationToken)
    {
        _munge.Start();
        await Eventually.HoldsAsync(
            "munged listens",
            _options.Patience,
            _ => Task.FromResult(IsAlive(_munge) && File.Exists(_configuration.MungeSocket)),
            cancellationToken,
            () => LogTail(_munge)
        );
    }

    private async Task<bool> AllIdleAsync(CancellationToken cancellationToken)
    {
        var idle = await RunAsync("sinfo", ["-h", "-N", "-p", SharedPartition, "-t", "idle", "-o", "%N"], cancellationToken);
        return idle.ExitCode == 0 && idle.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == Nodes.Count;
    }

    private Daemon Munge()
    {
        var directory = Path.GetDirectoryName(_configuration.MungeSocket)!;
        var key = Path.Combine(directory, "key");
        PrivateKey.Write(key);
        var log = Path.Combine(directory, "log");
        return new Daemon(
            "munged",
            [
                SlurmInstallation.Program("munged"),
                "--foreground",
                "--num-threads=4",
                $"--key-file={key}",
                $"--socket={_configuration.MungeSocket}",
                $"--pid-file={directory}/pid",
                $"--seed-file={directory}/seed",
                $"--log-file={log}",
            ],
            new Dictionary<string, string> { [Reaper.Mark] = Directory },
            Directory,
            log,
            _configuration.Output("munged"),
            _options.Patience
        );
    }

    private Daemon Slurmctld(string name, string log, IReadOnlyList<string> way, string configuration)
    {
        var environment = new Dictionary<string, string>(_options.ControllerEnvironment);
        NotifySocket? notify = null;
        if (_options.Systemd)
        {
            _notified.Add(notify = new NotifySocket(Path.Combine(Directory, name + ".notify")));
            environment["NOTIFY_SOCKET"] = notify.Path;
        }
        return Slurm(
            name,
            log,
            environment,
            [.. way, SlurmInstallation.Program("slurmctld"), notify is null ? "-D" : "--systemd", "-f", configuration],
            notify
        );
    }

    private Daemon Slurm(
        string name,
        string log,
        IReadOnlyDictionary<string, string> environment,
        IReadOnlyList<string> command,
        NotifySocket? notify = null
    ) =>
        new(
            name,
            command,
            new Dictionary<string, string>(environment) { ["SLURM_CONF"] = ConfigPath, [Reaper.Mark] = Directory },
            Directory,
            log,
            _configuration.Output(name),
            _options.Patience,
            notify
        );

    private string BootFile(string node) => Path.Combine(Directory, $"{node}-boots");

    private static bool IsAlive(Daemon daemon) =>
        daemon.IsRunning ? true : throw new LabException($"{daemon.Name} ended. {LogTail(daemon)}");

    private static string LogTail(Daemon daemon)
    {
        var log = daemon.ReadLog();
        var text = log.Length > 0 ? log : daemon.ReadOutput();
        return $"The end of its log:\n{string.Join('\n', text.Split('\n').TakeLast(20))}";
    }
}
