using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;
using BeBiDa.Site;
using k8s;

namespace BeBiDa.Vm;

/// <summary>
/// A site with a node that is a virtual machine, "guest". slurmctld, the Kubernetes API and its controllers run on this host,
/// where no power cut of the machine reaches them, and so does n1, a node like those of <see cref="Site"/>.
/// </summary>
public sealed class VmSite : IAsyncDisposable
{
    /// <summary>The machine's name in Slurm and in Kubernetes.</summary>
    public const string Node = "guest";

    /// <summary>The partition in which a job has the machine for itself.</summary>
    public const string Exclusive = "machine";

    /// <summary>The partition in which jobs share the machine.</summary>
    public const string Shared = "slices";

    // Emulated, and beside whatever else runs here: what is waited for may take minutes.
    private static readonly TimeSpan s_patience = 2 * Eventually.Patience;

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(0.5);

    private VmSite(Site.Site outside) => Outside = outside;

    /// <summary>What runs on this host.</summary>
    public Site.Site Outside { get; }

    /// <summary>The machine.</summary>
    public VirtualMachine Machine { get; private set; } = null!;

    /// <summary>Slurm, from this host.</summary>
    public SlurmCluster Slurm => Outside.Slurm;

    /// <summary>A client of Kubernetes with all rights.</summary>
    public Kubernetes Client => Outside.Client;

    /// <summary>Starts it; returns when the machine has booted, is Ready in Kubernetes and idle in Slurm.</summary>
    public static async Task<VmSite> StartAsync(VmSiteOptions options, CancellationToken cancellationToken = default)
    {
        var port = FreePort();
        VmSite? site = null;
        IApiServer? api = null;
        try
        {
            var outside = await Site.Site.StartAsync(
                new SiteOptions
                {
                    Nodes = 1,
                    Api = options.Api,
                    Configuration = options.Configuration,
                    Kubeconfig = started => (api = started).WriteKubeconfig("bebida"),
                    Slurm = slurm => slurm with { Patience = s_patience, ExtraConfiguration = [.. ForAll(port), .. options.SlurmConf] },
                },
                cancellationToken
            );
            site = new VmSite(outside);
            await site.WriteFilesAsync(options, api!, cancellationToken);
            site.Machine = await VirtualMachine.CreateAsync(site.Directory, site.Files, port, s_patience, cancellationToken);
            site.Machine.Start();
            await site.Machine.WaitUntilBootedAsync(cancellationToken: cancellationToken);
            await site.WaitUntilFreeAsync(cancellationToken);
            return site;
        }
        catch (TimeoutException e) when (site is not null)
        {
            var logs = await site.ReadLogsAsync();
            await site.DisposeAsync();
            throw new LabException($"{e.Message}\n{logs}");
        }
        catch
        {
            if (site is not null)
                await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the machine is Ready and schedulable in Kubernetes, without a hold, and idle in Slurm.</summary>
    public async Task WaitUntilFreeAsync(CancellationToken cancellationToken = default)
    {
        var seen = "";
        await EventuallyAsync(
            "the machine is idle in Slurm, and Ready, schedulable and without a hold in Kubernetes",
            async cancel =>
                (
                    seen =
                        $"{await SlurmStateAsync(cancel)}, {await KubernetesStateAsync(cancel)}, {string.Join(' ', await Outside.HoldsAsync())}"
                ) == "idle, Ready, ",
            cancellationToken,
            () => $"It is: {seen}."
        );
    }

    /// <summary>The machine's state in Slurm, as sinfo writes it: idle, alloc, comp, drain, down*, …</summary>
    public async Task<string> SlurmStateAsync(CancellationToken cancellationToken = default) =>
        (await Slurm.RunAsync("sinfo", ["-h", "-p", Exclusive, "-o", "%t"], cancellationToken)).StandardOutput.Trim();

    /// <summary>Ready or NotReady, with SchedulingDisabled while it is cordoned, as kubectl writes it; None before it has come.</summary>
    public async Task<string> KubernetesStateAsync(CancellationToken cancellationToken = default)
    {
        var node = (await Client.CoreV1.ListNodeAsync(cancellationToken: cancellationToken)).Items.FirstOrDefault(node =>
            node.Metadata.Name == Node
        );
        if (node is null)
            return "None";
        var ready = node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;
        return (ready ? "Ready" : "NotReady") + (node.Spec.Unschedulable == true ? ",SchedulingDisabled" : "");
    }

    /// <summary>Waits for what the machine takes its time for, and more of it the more often it is asked.</summary>
    public static Task EventuallyAsync(
        string what,
        Func<CancellationToken, Task<bool>> condition,
        CancellationToken cancellationToken = default,
        Func<string>? explain = null
    ) =>
        Eventually.HoldsAsync(
            what,
            s_patience,
            async cancel =>
            {
                if (await condition(cancel))
                    return true;
                await Task.Delay(s_look, cancel);
                return false;
            },
            cancellationToken,
            explain
        );

    /// <summary>How the logs of the machine and of slurmctld end, for whoever has to find out why a test failed.</summary>
    public async Task<string> ReadLogsAsync()
    {
        var logs = "";
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            const string script =
                "tail -n 60 /var/log/slurmd.log; journalctl --no-pager -b -n 80; systemctl --failed; systemd-cgls --no-pager";
            logs = await Machine.ShellAsync(script, limit.Token);
        }
        catch (Exception e) when (e is LabException or OperationCanceledException)
        {
            logs = $"{e.Message}\nIts console:\n{Machine.ReadConsole()}";
        }
        return $"The machine:\n{logs}\nslurmctld:\n{string.Join('\n', Slurm.Controller.ReadLog().Split('\n').TakeLast(60))}";
    }

    /// <summary>Stops everything, the machine first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Machine is not null)
            await Machine.DisposeAsync();
        await Outside.DisposeAsync();
    }

    // Gone, or kept, with what Slurm has on this host.
    private string Directory => Path.Combine(Slurm.Directory, "machine");

    private string Files => Path.Combine(Directory, "lab");

    private static string[] ForAll(int port) =>
        [
            $"NodeName={Node} NodeHostname={Node} NodeAddr=127.0.0.1 Port={port} CPUs={VirtualMachine.Processors} RealMemory={VirtualMachine.MemoryMegabytes - 256}",
            $"PartitionName={Exclusive} Nodes={Node} OverSubscribe=EXCLUSIVE",
            $"PartitionName={Shared} Nodes={Node} OverSubscribe=FORCE:4",
            "RebootProgram=/sbin/reboot",
            // The machine boots under emulation, beside other tests.
            "ResumeTimeout=600",
            // It answers late where this host is busy, and is not dead for that.
            "SlurmdTimeout=90",
            "MessageTimeout=30",
            "SelectTypeParameters=CR_CPU_Memory",
            // slurm.conf of the machine is another one: there are cgroups.
            "DebugFlags=NO_CONF_HASH",
        ];

    // What a site has on such a node, and is not this host's.
    private static readonly Dictionary<string, string?> s_own = new()
    {
        ["SlurmctldHost"] = $"host({VirtualMachine.Host})",
        ["AuthInfo"] = null,
        ["PluginDir"] = "/usr/local/lib/slurm:/usr/lib/x86_64-linux-gnu/slurm-wlm",
        ["PrEpPlugins"] = "prep/script",
        ["SlurmdSpoolDir"] = "/var/lib/slurm/slurmd",
        ["SlurmdPidFile"] = "/run/slurmd.pid",
        ["SlurmdLogFile"] = "/var/log/slurmd.log",
        ["ProctrackType"] = "proctrack/cgroup",
        ["TaskPlugin"] = "task/cgroup,task/affinity",
    };

    private async Task WriteFilesAsync(VmSiteOptions options, IApiServer api, CancellationToken cancellationToken)
    {
        var etc = Path.Combine(Files, "files", "etc");
        foreach (var folder in new[] { "munge", "slurm", "bebida", "kubernetes" })
            System.IO.Directory.CreateDirectory(Path.Combine(etc, folder));
        CopyFolder(PluginBuild.Locate().Prefix, Path.Combine(Files, "prefix"));
        File.Copy(Path.Combine(Slurm.Directory, "munge", "key"), Path.Combine(etc, "munge", "munge.key"));
        var conf = await File.ReadAllLinesAsync(Slurm.ConfigPath, cancellationToken);
        await File.WriteAllLinesAsync(
            Path.Combine(etc, "slurm", "slurm.conf"),
            [
                .. conf.Where(line => !s_own.ContainsKey(line.Split('=')[0])),
                .. s_own.Where(own => own.Value is not null).Select(own => $"{own.Key}={own.Value}"),
            ],
            cancellationToken
        );
        await File.WriteAllTextAsync(Path.Combine(etc, "slurm", "plugstack.conf"), "optional spank_bebida.so\n", cancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(etc, "bebida", "bebida.yaml"),
            $"kubernetes: {{kubeconfig: /etc/bebida/kubeconfig}}\n{options.Configuration}",
            cancellationToken
        );
        var kubeconfig = await File.ReadAllTextAsync(api.WriteKubeconfig($"system:node:{Node}", "system:nodes"), cancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(etc, "kubernetes", "kubelet.conf"),
            // The server's certificate is for this host's address.
            kubeconfig.Replace(
                $"server: https://{api.Url.Authority}",
                $"server: https://{VirtualMachine.Host}:{api.Url.Port}\n    tls-server-name: {api.Url.Host}",
                StringComparison.Ordinal
            ),
            cancellationToken
        );
        if (options.Kubelet is { } kubelet)
        {
            File.Copy(kubelet, Path.Combine(Files, "kubelet"));
        }
        else
        {
            // Built beside this, with all that it needs.
            CopyFolder(
                Path.GetFullPath(
                    Path.Combine("../../BeBiDa.HollowCluster", new DirectoryInfo(AppContext.BaseDirectory).Name),
                    AppContext.BaseDirectory
                ),
                Path.Combine(Files, "programs")
            );
            var dotnet = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());
            foreach (var part in new[] { "host", "shared/Microsoft.NETCore.App" })
                CopyFolder(Path.Combine(dotnet, part), Path.Combine(Files, "dotnet", part));
            File.Copy(Path.Combine(dotnet, "dotnet"), Path.Combine(Files, "dotnet", "dotnet"));
        }
    }

    private static void CopyFolder(string from, string to)
    {
        System.IO.Directory.CreateDirectory(to);
        foreach (var folder in System.IO.Directory.GetDirectories(from))
            CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
        foreach (var file in System.IO.Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    // Below those that the kernel gives to outgoing connections, and beside those of SlurmCluster: it must be free again
    // when the machine starts anew.
    private static int FreePort()
    {
        for (var i = 0; i < 1000; i++)
        {
            var port = 17000 + ((Environment.ProcessId + i) % 1000);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Any, port));
                return port;
            }
            catch (SocketException)
            {
                // Someone's.
            }
        }
        throw new LabException("no port between 17000 and 18000 is free");
    }
}
