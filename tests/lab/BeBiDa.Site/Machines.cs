using BeBiDa.Lab;

namespace BeBiDa.Site;

/// <summary>The machines of a site: they are switched off and on by programs that Slurm calls, with their slurmd, kubelet and pods.</summary>
public sealed class Machines : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly string folder = Directory.CreateTempSubdirectory("bebida-machines-").FullName;
    private readonly List<string> cut = [];
    private readonly List<string> done = [];
    private Task working = Task.CompletedTask;

    public Machines() => File.WriteAllText(Requests, "");

    /// <summary>Told of each machine that loses its daemons from now on (true), and that has them again.</summary>
    public Action<string, bool> Switching { get; set; } = (_, _) => { };

    /// <summary>What was done, in order: "off n1".</summary>
    public IReadOnlyList<string> Done
    {
        get
        {
            // Nobody switches any more: say why, at once.
            if (working.Exception is { } failure)
                throw failure;
            lock (done)
                return [.. done];
        }
    }

    /// <summary>The pods that ended with their machine, not by an eviction.</summary>
    public IReadOnlyList<string> Cut
    {
        get
        {
            lock (done)
                return [.. cut];
        }
    }

    /// <summary>Counts anew.</summary>
    public void ForgetCut()
    {
        lock (done)
            cut.Clear();
    }

    /// <summary>What BeBiDa's programs told the host's log.</summary>
    public string Log => File.Exists(Path("syslog")) ? File.ReadAllText(Path("syslog")) : "";

    private string Requests => Path("requests");

    /// <summary>Writes the program of this site, as an admin would, and one for slurm.conf that calls ours, which then calls it.</summary>
    /// <returns>The path for slurm.conf.</returns>
    public string Program(string ours, string request)
    {
        var own = Script(
            $"site-{request}",
            $"echo \"{request} $(scontrol show hostnames \"${{1:-$SLURMD_NODENAME}}\" | xargs)\" >> {Requests}"
        );
        Script("logger", $"cat >> {Path("syslog")}");
        return Script(
            request,
            $"""
            [ -e {Path("bare")} ] && exec {own} "$@"
            BEBIDA_CONFIG={Path("bebida.yaml")} PATH={folder}:{System.IO.Path.GetDirectoryName(PluginBuild.Locate().Tool)}:$PATH
            export BEBIDA_CONFIG PATH
            exec {PluginBuild.RepositoryRoot()}/packaging/slurm/{ours} "$@"
            """
        );
    }

    /// <summary>The path of the site's own program for a request, as bebida.yaml has it.</summary>
    public string Own(string request) => Path($"site-{request}");

    /// <summary>Has Slurm call the site's own programs at once.</summary>
    public void Bare(bool isBare)
    {
        if (isBare)
            File.WriteAllText(Path("bare"), "");
        else
            File.Delete(Path("bare"));
    }

    /// <summary>Switches machines as the programs ask for it, from now on.</summary>
    public void Start(Site site, PodObserver pods)
    {
        File.CreateSymbolicLink(Path("bebida.yaml"), site.ConfigurationFile);
        working = Task.Run(() => WorkAsync(site, pods));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Directory.Delete(folder, recursive: true);
        stop.Dispose();
    }

    private async Task WorkAsync(Site site, PodObserver pods)
    {
        for (var seen = 0; !stop.IsCancellationRequested; await Task.Delay(20, stop.Token))
            foreach (var line in (await File.ReadAllTextAsync(Requests, stop.Token)).Split('\n').SkipLast(1).Skip(seen).ToList())
            {
                seen++;
                var words = line.Split(' ');
                foreach (var node in words.Skip(1))
                    await SwitchAsync(site, pods, words[0], node);
            }
    }

    private async Task SwitchAsync(Site site, PodObserver pods, string request, string node)
    {
        Switching(node, true);
        var left = pods.Stays(node).Where(p => p.Until is null).Select(p => p.Name).ToList();
        site.Cluster.Kubelets[node].Stop();
        await site.Slurm.KillNodeDaemonAsync(node);
        lock (done)
            cut.AddRange(left);
        if (request is "on" or "reboot")
        {
            site.Slurm.BootNodeDaemon(node);
            await site.Cluster.Kubelets[node].StartAsync(stop.Token);
            Switching(node, false);
        }
        lock (done)
            done.Add($"{request} {node}");
    }

    private string Script(string name, string text)
    {
        // slurmctld gives no PATH, and the shell exports none of its own.
        File.WriteAllText(Path(name), $"#!/bin/sh\nexport PATH=\"${{PATH:-/usr/sbin:/usr/bin:/sbin:/bin}}\"\n{text}\n");
        File.SetUnixFileMode(Path(name), (UnixFileMode)0b111_101_101);
        return Path(name);
    }

    private string Path(string name) => System.IO.Path.Combine(folder, name);
}
