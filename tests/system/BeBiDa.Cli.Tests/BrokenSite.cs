using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;

namespace BeBiDa.Tests;

/// <summary>A site's files in a folder of their own, to be broken; its slurmctld and its API server go on as they are.</summary>
public sealed class BrokenSite
{
    private readonly string folder;

    public BrokenSite(Site.Site site, string folder, EmbeddedApiServer? other = null, EmbeddedApiServer? late = null)
    {
        this.folder = folder;
        (Other, Late) = (other!, late!);
        Api = site.Api;
        // Not the one that runs: it reads the site's own files.
        Conf = File.ReadAllText(site.Slurm.ConfigPath).Replace("SlurmctldPidFile=", "SlurmctldPidFile=/nowhere");
        Yaml = $"kubernetes:\n  kubeconfig: {folder}/kubeconfig\n";
        Kubeconfig = File.ReadAllText(Api.WriteKubeconfig("bebida"));
        PlugStack = $"optional spank_bebida.so libdir={PluginBuild.Locate().LibraryDirectory}\n";
    }

    public IApiServer Api { get; }

    /// <summary>Another cluster.</summary>
    public EmbeddedApiServer Other { get; }

    /// <summary>A cluster whose clock is wrong.</summary>
    public EmbeddedApiServer Late { get; }

    public string Conf { get; set; }

    public string? Yaml { get; set; }

    public UnixFileMode YamlMode { get; set; } = (UnixFileMode)0b110_100_000;

    public string? Kubeconfig { get; set; }

    public UnixFileMode KubeconfigMode { get; set; } = (UnixFileMode)0b110_000_000;

    public string? PlugStack { get; set; }

    /// <summary>A line for each unit: its name, LoadState, ActiveState and UnitFileState.</summary>
    public string Systemctl { get; set; } = "kubelet.service loaded active enabled\ncontainerd.service loaded active enabled\n";

    /// <summary>The same of bebida-recover.path.</summary>
    public string Recovery { get; set; } = "loaded active enabled";

    /// <summary>The same of bebida-linger.path.</summary>
    public string Linger { get; set; } = "loaded active enabled";

    /// <summary>What timedatectl says of NTP.</summary>
    public string Synchronized { get; set; } = "yes";

    /// <summary>Where the libraries of such a PluginDir are.</summary>
    public string Libraries => Path.Combine(folder, "lib", "bebida");

    /// <summary>Writes a file beside the others.</summary>
    public string Add(string name, string text)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>A PluginDir in which one plugin is another one, or is missing.</summary>
    public void Plugins(string name, Func<byte[], byte[]?> change)
    {
        var own = Directory.CreateDirectory(Path.Combine(folder, "lib", "slurm")).FullName;
        Directory.CreateSymbolicLink(Libraries, PluginBuild.Locate().LibraryDirectory);
        var build = PluginBuild.Locate().PluginDirectory;
        foreach (var file in Directory.GetFiles(build, "*.so"))
            if ((Path.GetFileName(file) == name ? change(File.ReadAllBytes(file)) : File.ReadAllBytes(file)) is { } bytes)
                File.WriteAllBytes(Path.Combine(own, Path.GetFileName(file)), bytes);
        Conf = Conf.Replace(build, own);
    }

    /// <summary>Slurm's files of another version, with their plugins: an update before a restart.</summary>
    public void Update(string version)
    {
        Plugins("", bytes => bytes);
        foreach (var daemon in new[] { "slurmctld", "slurmd" })
            File.SetUnixFileMode(Add($"sbin/{daemon}", $"#!/bin/sh\necho slurm {version}\n"), (UnixFileMode)0b111_101_101);
    }

    /// <summary>Writes all of it, and returns the environment in which it is looked at.</summary>
    public Dictionary<string, string?> Write()
    {
        Add("slurm.conf", Conf);
        Write("bebida.yaml", Yaml, YamlMode);
        Write("kubeconfig", Kubeconfig, KubeconfigMode);
        Write("plugstack.conf", PlugStack, (UnixFileMode)0b110_100_100);
        // Stand-ins: this host need not have been booted with systemd, and its units are not those of a node.
        Script(
            "systemctl",
            $"""
            for unit in "$@"; do
                case $unit in
                    *.service | *.path)
                        line=$(printf '%s\n' '{Systemctl}' 'bebida-recover.path {Recovery}' 'bebida-linger.path {Linger}' |
                            grep "^$unit " || echo "$unit not-found inactive")
                        set -- $line
                        printf 'Id=%s\nLoadState=%s\nActiveState=%s\nUnitFileState=%s\n\n' "$1" "$2" "$3" "$4" ;;
                esac
            done
            """
        );
        Script("timedatectl", $"echo {Synchronized}");
        return new Dictionary<string, string?>
        {
            ["SLURM_CONF"] = Path.Combine(folder, "slurm.conf"),
            ["BEBIDA_CONFIG"] = Path.Combine(folder, "bebida.yaml"),
            ["PATH"] = $"{Path.Combine(folder, "bin")}:{Environment.GetEnvironmentVariable("PATH")}",
            ["NO_COLOR"] = "1",
        };
    }

    private void Write(string name, string? text, UnixFileMode mode)
    {
        if (text is not null)
            File.SetUnixFileMode(Add(name, text), mode);
    }

    private void Script(string name, string text) =>
        File.SetUnixFileMode(Add($"bin/{name}", $"#!/bin/sh\n{text}\n"), (UnixFileMode)0b111_101_101);
}
